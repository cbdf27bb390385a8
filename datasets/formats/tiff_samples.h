#pragma once

#include <opencv2/core/mat.hpp>
#include <optional>

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
  /// Whether the colours are already multiplied by alpha.
  bool is_premultiplied = false;
};

TiffLayout tiff_layout(const TiffFile& file);

/// OpenCV's depth for the samples of grey and RGB images that libtiff's conversion to 8-bit RGBA
/// does not know or makes coarse: 10 to 16 bits, signed numbers and floats. Nothing for others.
std::optional<int> tiff_sample_depth(const TiffLayout& layout);

/// The samples as they are stored, a channel each, of that depth; 10 to 14 bits are shifted up to
/// 16. Throws DataError.
cv::Mat read_tiff_samples(const EncodedImage& image, const TiffFile& file, const TiffLayout& layout,
                          int depth);

}  // namespace transfer
