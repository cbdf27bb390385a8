#pragma once

#include <opencv2/core/mat.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "datasets/formats/encoded_image.h"

namespace transfer {

/// Decodes a JPEG; see ImageFormat. With a target, the image is decoded at 1/2, 1/4 or 1/8 of its
/// size as long as its shorter side stays at least twice the target: much faster, and enough pixels
/// to average over. A file that is damaged or ends early is broken: libjpeg-turbo would fill the
/// rest with grey and only warn.
cv::Mat decode_jpeg(const EncodedImage& image);

/// What a JPEG says before its pixels.
struct JpegHeader {
  /// In pixels, upright.
  std::int64_t width = 0;
  std::int64_t height = 0;
  /// The EXIF block with its header; empty where there is none.
  std::string exif;
};

/// The header of a whole JPEG file; nothing where it is damaged.
std::optional<JpegHeader> read_jpeg_header(std::string_view bytes);

}  // namespace transfer
