#include "datasets/formats/tiff_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <vector>

#include "datasets/formats/colour_spaces.h"
#include "datasets/formats/exif.h"
#include "datasets/formats/tiff_file.h"
#include "datasets/formats/tiff_samples.h"
#include "datasets/formats/tiff_values.h"
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
  const bool is_grey = layout.colour_samples == 1;
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

/// The samples from `first` on, `count` of them, as an image of their own.
cv::Mat some_channels(const cv::Mat& samples, int first, int count) {
  if (samples.channels() == count) return samples;
  cv::Mat chosen(samples.size(), CV_MAKETYPE(samples.depth(), count));
  std::vector<int> pairs;
  for (int i = 0; i < count; ++i) pairs.insert(pairs.end(), {first + i, i});
  cv::mixChannels({samples}, {chosen}, pairs);
  return chosen;
}

/// Grey or RGB → 8 bits.
cv::Mat colours_to_8_bit(const TiffLayout& layout, const cv::Mat& colours,
                         const SampleRange& range) {
  cv::Mat scaled = tiff_samples_to_8_bit(layout, colours, range);
  if (scaled.channels() == 1) cv::cvtColor(scaled, scaled, cv::COLOR_GRAY2RGB);
  return scaled;
}

/// Positions in the palette, 8 bits each → RGB.
cv::Mat palette_to_rgb(const EncodedImage& image, const TiffFile& file, const cv::Mat& positions) {
  constexpr int kColours = 256;
  std::uint16_t* map[3] = {};
  if (TIFFGetField(file.get(), TIFFTAG_COLORMAP, &map[0], &map[1], &map[2]) != 1) {
    throw broken_image(image, "the TIFF has no palette");
  }
  // Some writers fill the palette's 16-bit numbers with 8 bits.
  const bool has_words = std::any_of(std::begin(map), std::end(map), [](const auto* colour) {
    return std::any_of(colour, colour + kColours, [](std::uint16_t value) { return value > 255; });
  });
  cv::Mat table(1, kColours, CV_8UC3);
  for (int i = 0; i < kColours; ++i) {
    for (int c = 0; c < 3; ++c) {
      table.at<cv::Vec3b>(i)[c] =
          static_cast<unsigned char>(has_words ? map[c][i] >> 8 : map[c][i]);
    }
  }
  cv::Mat rgb;
  cv::cvtColor(positions, rgb, cv::COLOR_GRAY2RGB);
  cv::LUT(rgb, table, rgb);
  return rgb;
}

/// The white point of L*a*b*, as X, Y = 1 and Z: the tag's, else D50.
cv::Vec3d white_point(const TiffFile& file) {
  float* tag = nullptr;
  cv::Vec2d place(0.3457, 0.3585);
  if (TIFFGetField(file.get(), TIFFTAG_WHITEPOINT, &tag) == 1 && tag[0] > 0 && tag[1] > 0) {
    place = {tag[0], tag[1]};
  }
  return {place[0] / place[1], 1.0, (1.0 - place[0] - place[1]) / place[1]};
}

/// L*a*b* as stored → RGB. CIELab stores a and b as signed numbers, ICCLab with half the range
/// added; 16 bits hold 1/256ths. Sources: TIFF 6.0, section 23; Adobe, TIFF Technical Note 4.
cv::Mat tiff_lab_to_rgb(const TiffFile& file, const TiffLayout& layout, const cv::Mat& stored) {
  const bool is_icc = layout.colours == PHOTOMETRIC_ICCLAB;
  const bool is_word = layout.bits == 16;
  const float unit = is_word ? 256.0F : 1.0F;
  const float white = !is_word ? 255.0F : is_icc ? 65280.0F : 65535.0F;
  cv::Mat lab;
  stored.convertTo(lab, CV_32FC3);
  for (int y = 0; y < lab.rows; ++y) {
    auto* row = lab.ptr<cv::Vec3f>(y);
    for (int x = 0; x < lab.cols; ++x) {
      row[x][0] *= 100.0F / white;
      for (int c = 1; c < 3; ++c) {
        float value = row[x][c] / unit;
        if (is_icc) value -= 128.0F;
        if (!is_icc && value >= 128.0F) value -= 256.0F;
        row[x][c] = value;
      }
    }
  }
  return lab_to_rgb(lab, white_point(file));
}

/// Whether the samples' range says what is black and white: grey, RGB and CMYK.
bool has_shades(const TiffLayout& layout) {
  return layout.colours == PHOTOMETRIC_MINISWHITE || layout.colours == PHOTOMETRIC_MINISBLACK ||
         layout.colours == PHOTOMETRIC_RGB || layout.colours == PHOTOMETRIC_SEPARATED;
}

cv::Mat to_rgb(const EncodedImage& image, const TiffFile& file, const TiffLayout& layout,
               const cv::Mat& samples) {
  const cv::Mat colours = some_channels(samples, 0, layout.colour_samples);
  const SampleRange range =
      has_shades(layout) ? tiff_sample_range(image, layout, colours) : range_of_bits(layout.bits);
  cv::Mat rgb;
  switch (layout.colours) {
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_ICCLAB: rgb = tiff_lab_to_rgb(file, layout, colours); break;
    case PHOTOMETRIC_SEPARATED:
      rgb = cmyk_to_rgb(tiff_samples_to_8_bit(layout, colours, range));
      break;
    case PHOTOMETRIC_PALETTE: rgb = palette_to_rgb(image, file, colours); break;
    default: rgb = colours_to_8_bit(layout, colours, range);
  }
  if (!layout.alpha) return rgb;
  const cv::Mat alpha = some_channels(samples, *layout.alpha, 1);
  const SampleRange of_alpha = range_of_alpha(alpha, range, largest_of_tiff_type(layout));
  cv::Mat rgba;
  cv::merge(std::vector<cv::Mat>{rgb, scale_to_8_bit(alpha, of_alpha)}, rgba);
  return layout.is_premultiplied ? blend_premultiplied_on_white(rgba) : blend_on_white(rgba);
}

/// What the tags say about the first image. Throws DataError where it cannot be read at all.
TiffLayout readable_layout(const EncodedImage& image, const TiffFile& file) {
  const TiffLayout layout = tiff_layout(file);
  require_sensible_size(image, layout.width, layout.height);
  require_supported_compression(image, layout);
  return layout;
}

/// Pages from the current one on; masks and images of reduced size do not count.
std::int64_t count_pages(const TiffFile& file) {
  std::int64_t pages = 1;
  while (TIFFReadDirectory(file.get()) == 1) {
    if (!file.is_auxiliary()) ++pages;
  }
  return pages;
}

bool holds_missing(const cv::Mat& colours, const TiffLayout& layout) {
  if (!layout.missing) return false;
  SampleTraits held;
  measure_samples(colours, held, layout.missing);
  return held.has_missing;
}

}  // namespace

cv::Mat decode_tiff(const EncodedImage& image) {
  const TiffFile file(image);
  const TiffLayout layout = readable_layout(image, file);
  const std::optional<int> depth = tiff_sample_depth(layout);
  if (!depth && layout.colour_samples > 0 && layout.format != SAMPLEFORMAT_UINT) {
    throw broken_image(image,
                       fmt::format("a TIFF of {}-bit samples of the format {} (SampleFormat) "
                                   "is not supported",
                                   layout.bits, layout.format));
  }
  const cv::Mat rgb =
      depth ? to_rgb(image, file, layout, read_tiff_samples(image, file, layout, *depth))
            : read_as_rgba(image, file, layout);
  return apply_orientation(rgb, layout.orientation);
}

SampleTraits tiff_traits(const EncodedImage& image) {
  const TiffFile file(image);
  const TiffLayout layout = readable_layout(image, file);
  SampleTraits traits;
  traits.ignored_bands = layout.ignored_bands();
  const std::optional<int> depth = tiff_sample_depth(layout);
  const bool needs_values =
      depth && has_shades(layout) &&
      (layout.format != SAMPLEFORMAT_UINT || layout.bits >= 16 || layout.missing);
  const bool is_plain = !depth && layout.bits == 8 && layout.format == SAMPLEFORMAT_UINT;
  if (needs_values || (layout.alpha && (depth || is_plain))) {
    const cv::Mat samples = read_tiff_samples(image, file, layout, depth.value_or(CV_8U));
    const cv::Mat colours = some_channels(samples, 0, layout.colour_samples);
    if (needs_values) traits = tiff_sample_traits(image, layout, colours);
    traits.has_missing = needs_values && holds_missing(colours, layout);
    traits.is_transparent =
        layout.alpha && cv::countNonZero(some_channels(samples, *layout.alpha, 1)) == 0;
  }
  traits.follows_smaller_copy = file.has_skipped();
  traits.images = count_pages(file);
  return traits;
}

}  // namespace transfer
