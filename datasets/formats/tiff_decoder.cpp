#include "datasets/formats/tiff_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "datasets/formats/exif.h"
#include "datasets/formats/tiff_file.h"
#include "datasets/formats/tiff_samples.h"
#include "datasets/formats/transparency.h"

namespace transfer {
namespace {

/// Ends libtiff's conversion to RGBA.
struct EndRgba {
  void operator()(TIFFRGBAImage* reader) const { TIFFRGBAImageEnd(reader); }
};

/// Rows that are decoded at once: whole strips or tiles, so that none is decoded twice, but not so
/// few rows that the calls matter.
std::uint32_t band_height(const TiffFile& file, std::uint32_t height) {
  constexpr std::uint32_t kFewRows = 64;
  const auto block = file.field<std::uint32_t>(
      TIFFIsTiled(file.get()) != 0 ? TIFFTAG_TILELENGTH : TIFFTAG_ROWSPERSTRIP, height);
  if (block == 0 || block >= height) return height;
  return std::min((kFewRows + block - 1) / block * block, height);
}

/// Reads any kind of image that libtiff can turn into 8-bit RGBA.
cv::Mat read_as_rgba(const EncodedImage& image, const TiffFile& file, const TiffLayout& layout) {
  char reason[1024] = "";
  TIFFRGBAImage state;
  if (TIFFRGBAImageOK(file.get(), reason) == 0 ||
      TIFFRGBAImageBegin(&state, file.get(), /*stop=*/1, reason) == 0) {
    throw broken_image(image, fmt::format("this kind of TIFF is not supported ({})", reason));
  }
  const std::unique_ptr<TIFFRGBAImage, EndRgba> reader(&state);
  reader->req_orientation = reader->orientation;  // rows as they are stored
  // libtiff multiplies colours by alpha, but not grey.
  const bool is_grey =
      layout.colours == PHOTOMETRIC_MINISWHITE || layout.colours == PHOTOMETRIC_MINISBLACK;
  const auto blend = is_grey && reader->alpha == EXTRASAMPLE_UNASSALPHA
                         ? blend_on_white
                         : blend_premultiplied_on_white;
  const std::uint32_t most_rows = band_height(file, layout.height);
  cv::Mat rgb(static_cast<int>(layout.height), static_cast<int>(layout.width), CV_8UC3);
  cv::Mat rgba(static_cast<int>(most_rows), rgb.cols, CV_8UC4);
  for (std::uint32_t row = 0; row < layout.height; row += most_rows) {
    const std::uint32_t rows = std::min(most_rows, layout.height - row);
    reader->row_offset = static_cast<int>(row);
    if (TIFFRGBAImageGet(reader.get(), rgba.ptr<std::uint32_t>(), layout.width, rows) == 0) {
      throw file.broken();
    }
    const int first = static_cast<int>(row);
    const int count = static_cast<int>(rows);
    blend(rgba.rowRange(0, count)).copyTo(rgb.rowRange(first, first + count));
  }
  return rgb;
}

cv::Mat to_8_bit(const cv::Mat& samples) {
  cv::Mat result;
  switch (samples.depth()) {
    case CV_16U: samples.convertTo(result, CV_8U, 1.0 / 257.0); break;
    case CV_32F:
    case CV_64F: samples.convertTo(result, CV_8U, 255.0); break;
    default: cv::normalize(samples, result, 0, 255, cv::NORM_MINMAX, CV_8U);
  }
  return result;
}

cv::Mat to_rgb(cv::Mat samples, const TiffLayout& layout) {
  if (layout.is_inverted) cv::bitwise_not(samples, samples);
  switch (samples.channels()) {
    case 1: cv::cvtColor(samples, samples, cv::COLOR_GRAY2RGB); return samples;
    case 4:
      return layout.is_premultiplied ? blend_premultiplied_on_white(samples)
                                     : blend_on_white(samples);
    default: return samples;
  }
}

}  // namespace

cv::Mat decode_tiff(const EncodedImage& image) {
  const TiffFile file(image);
  const TiffLayout layout = tiff_layout(file);
  require_sensible_size(image, layout.width, layout.height);
  if (layout.compression == COMPRESSION_JBIG) {
    throw broken_image(image, "a TIFF with JBIG compression is not supported");
  }
  const std::optional<int> depth = tiff_sample_depth(layout);
  const cv::Mat rgb = depth
                          ? to_rgb(to_8_bit(read_tiff_samples(image, file, layout, *depth)), layout)
                          : read_as_rgba(image, file, layout);
  return apply_orientation(rgb, layout.orientation);
}

}  // namespace transfer
