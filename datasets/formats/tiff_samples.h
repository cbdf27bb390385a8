#pragma once

#include <opencv2/core/mat.hpp>
#include <optional>

#include "core/preprocessing.h"
#include "datasets/formats/tiff_file.h"

namespace transfer {

/// What a TIFF's tags say about its first image.
struct TiffLayout {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint16_t bits = 1;
  std::uint16_t samples = 1;
  /// SAMPLEFORMAT_…
  std::uint16_t format = 0;
  /// PHOTOMETRIC_…
  std::uint16_t colours = 0;
  /// COMPRESSION_…
  std::uint16_t compression = 0;
  /// As in EXIF, 1 to 8.
  std::uint16_t orientation = 1;
  /// Whether every sample has a plane of its own.
  bool has_planes = false;
  /// Whether 0 is white.
  bool is_inverted = false;
  /// How many of the samples are colours: 1 for grey, 3, or 4 for CMYK; 1 for positions in a
  /// palette of 8 bits. The others follow them. 0 for kinds of images that only libtiff's
  /// conversion knows.
  std::uint16_t colour_samples = 0;
  /// Which sample is alpha, where ExtraSamples names one.
  std::optional<std::uint16_t> alpha;
  /// Whether the colours are already multiplied by alpha.
  bool is_premultiplied = false;
  /// MinSampleValue and MaxSampleValue.
  std::optional<std::uint16_t> smallest;
  std::optional<std::uint16_t> largest;
  /// SMinSampleValue and SMaxSampleValue.
  std::optional<SampleRange> stated;
  /// GDAL_NODATA: the number that stands for missing values, as the samples' type holds it.
  std::optional<double> missing;

  /// Samples that are neither colours nor alpha.
  int ignored_bands() const {
    return colour_samples == 0 ? 0 : samples - colour_samples - (alpha ? 1 : 0);
  }
};

TiffLayout tiff_layout(const TiffFile& file);

/// Throws DataError where libtiff cannot decompress the image.
void require_supported_compression(const EncodedImage& image, const TiffLayout& layout);

/// OpenCV's depth for the samples of images that libtiff's conversion to 8-bit RGBA does not know,
/// makes coarse or gets wrong: grey and RGB of more than 8 bits, of signed numbers and floats, with
/// bands that are no alpha, with a palette and alpha, and where tags say that 8 bits are not all
/// used; CMYK and L*a*b*. Nothing for others.
std::optional<int> tiff_sample_depth(const TiffLayout& layout);

/// The samples as they are stored, a channel each: of that depth, or CV_64F for 32-bit unsigned and
/// CV_32F for 16-bit floats. Throws DataError.
cv::Mat read_tiff_samples(const EncodedImage& image, const TiffFile& file, const TiffLayout& layout,
                          int depth);

}  // namespace transfer
