#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>

namespace transfer {

/// Decodes a JPEG to 8-bit RGB (CV_8UC3) with its EXIF orientation applied. When
/// `target_shorter_side` is above 0, the image is decoded at 1/2, 1/4 or 1/8 of its size as long
/// as its shorter side stays at least twice the target, which is much faster and leaves enough
/// pixels to average over. Throws DataError "NAME: reason" for a file that is damaged or ends
/// early: libjpeg-turbo would fill the rest with grey and only warn.
cv::Mat decode_jpeg(std::string_view bytes, const std::string& name,
                    std::int64_t target_shorter_side);

}  // namespace transfer
