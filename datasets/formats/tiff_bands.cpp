#include "datasets/formats/tiff_bands.h"

#include <fmt/format.h>

#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "datasets/formats/exif.h"
#include "datasets/formats/tiff_file.h"
#include "datasets/formats/tiff_samples.h"
#include "datasets/formats/tiff_values.h"

namespace transfer {
namespace {

/// OpenCV's depth for samples that are taken as they are; nothing for others.
std::optional<int> band_depth(const TiffLayout& layout) {
  const bool is_plain = layout.colours == PHOTOMETRIC_MINISBLACK ||
                        layout.colours == PHOTOMETRIC_MINISWHITE ||
                        layout.colours == PHOTOMETRIC_RGB;
  if (!is_plain) return std::nullopt;
  const int bits = layout.bits;
  if (layout.format == SAMPLEFORMAT_IEEEFP) {
    if (bits == 32) return CV_32F;
    if (bits == 64) return CV_64F;
  } else if (layout.format == SAMPLEFORMAT_INT) {
    if (bits == 8) return CV_8S;
    if (bits == 16) return CV_16S;
    if (bits == 32) return CV_32S;
  } else if (layout.format == SAMPLEFORMAT_UINT) {
    if (bits == 8) return CV_8U;
    if (bits > 8 && bits <= 16) return CV_16U;
  }
  return std::nullopt;
}

/// All samples of the file's current image, 8 bits each.
cv::Mat read_bands(const EncodedImage& image, const TiffFile& file, const TiffLayout& layout) {
  const auto depth = band_depth(layout);
  if (!depth) {
    throw broken_image(
        image, fmt::format("its bands cannot be read as they are ({} bits, sample format {}, "
                           "photometric interpretation {}); expected unsigned numbers of 8 to 16 "
                           "bits, signed numbers or floats, as grey or RGB",
                           layout.bits, layout.format, layout.colours));
  }
  const cv::Mat samples = read_tiff_samples(image, file, layout, *depth);
  return tiff_samples_to_8_bit(layout, samples, tiff_sample_range(image, layout, samples));
}

}  // namespace

cv::Mat decode_tiff_bands(const EncodedImage& image, int bands) {
  TiffFile file(image);
  const TiffLayout first = tiff_layout(file);
  std::vector<cv::Mat> pages;
  int found = 0;
  int count = 0;
  while (true) {
    const TiffLayout layout = tiff_layout(file);
    require_supported_compression(image, layout);
    require_sensible_size(image, layout.width, layout.height, static_cast<std::uint64_t>(bands));
    if (count == 0 || !file.is_auxiliary()) {
      found += layout.samples;
      ++count;
      if (found <= bands) {
        if (layout.width != first.width || layout.height != first.height) {
          throw broken_image(image, "its pages differ in size, so they are not bands of one image");
        }
        pages.push_back(read_bands(image, file, layout));
      }
    }
    if ((count == 1 && found == bands) || found > bands || TIFFLastDirectory(file.get()) != 0) {
      break;
    }
    if (TIFFReadDirectory(file.get()) == 0) throw file.broken();
  }
  if (found != bands) {
    throw broken_image(image,
                       fmt::format("has {}{} band{} in {} page{}; the network reads {}",
                                   found > bands && count > 1 ? "at least " : "", found,
                                   found == 1 ? "" : "s", count, count == 1 ? "" : "s", bands));
  }
  cv::Mat whole;
  cv::merge(pages, whole);
  return apply_orientation(whole, first.orientation);
}

}  // namespace transfer
