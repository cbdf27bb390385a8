#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>

#include "datasets/dataset.h"

namespace transfer {

/// More pixels than this (2^28) in a header are taken for damage, not for an image.
inline constexpr std::int64_t kMaxPixels = std::int64_t{1} << 28;

/// Decodes an image file's bytes to 8-bit RGB (CV_8UC3). Content decides the format, not the
/// ending. EXIF orientation is honoured, grey, palette and 16-bit images are turned to 8-bit
/// RGB, transparency is blended on white. `name` is for messages. `target_shorter_side` above 0
/// lets JPEGs be decoded at reduced size (see decode_jpeg). Throws DataError "NAME: reason".
cv::Mat decode_image(std::string_view bytes, const std::string& name,
                     std::int64_t target_shorter_side = 0);

/// The sample's image likewise, from its file or from memory.
cv::Mat decode_sample(const Sample& sample, std::int64_t target_shorter_side = 0);

}  // namespace transfer
