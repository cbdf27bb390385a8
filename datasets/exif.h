#pragma once

#include <opencv2/core/mat.hpp>
#include <string_view>

namespace transfer {

/// The orientation tag (1 to 8) of an EXIF block, with or without the "Exif\0\0" that JPEG's APP1
/// segment puts before it; 1 (upright) when the block is damaged or says nothing. Source: CIPA
/// DC-008, tag 0x0112.
int exif_orientation(std::string_view block);

/// The orientation that a whole PNG (chunk eXIf) or WebP (chunk EXIF) file carries; 1 for other
/// files. JPEG's comes from its decoder, and OpenCV turns TIFFs itself.
int file_orientation(std::string_view bytes);

/// Turns and mirrors an image the way its EXIF orientation (1 to 8) says.
cv::Mat apply_orientation(const cv::Mat& image, int orientation);

}  // namespace transfer
