#pragma once

#include <opencv2/core/mat.hpp>
#include <string_view>

namespace transfer {

/// The orientation tag (1 to 8) of an EXIF block, with or without the "Exif\0\0" that a JPEG's APP1
/// segment puts before it; 1 (upright) where the block is damaged or has no such tag. Source: CIPA
/// DC-008, tag 0x0112.
int exif_orientation(std::string_view block);

/// The orientation in the chunk eXIf of a whole PNG file; 1 where it has none.
int png_orientation(std::string_view bytes);

/// The orientation in the chunk EXIF of a whole WebP file; 1 where it has none.
int webp_orientation(std::string_view bytes);

/// Turns and mirrors an image as its EXIF orientation (1 to 8) demands; others change nothing.
cv::Mat apply_orientation(const cv::Mat& image, int orientation);

}  // namespace transfer
