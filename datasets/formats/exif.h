#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>

namespace transfer {

/// The orientation tag (1 to 8) of an EXIF block, with or without the "Exif\0\0" that a JPEG's APP1
/// segment puts before it; 1 (upright) where the block is damaged or has no such tag. Source: CIPA
/// DC-008, tag 0x0112.
int exif_orientation(std::string_view block);

/// The camera that an EXIF block names, by maker and model ("Canon EOS 5D"), with or without the
/// header; a whole TIFF file is such a block too. Empty where the block is damaged or names none.
/// Source: CIPA DC-008, tags 0x010F and 0x0110.
std::string exif_camera(std::string_view block);

/// The EXIF block of a whole PNG or WebP file; empty where it has none.
std::string_view png_exif(std::string_view bytes);
std::string_view webp_exif(std::string_view bytes);

/// The orientation in the chunk eXIf of a whole PNG file; 1 where it has none.
int png_orientation(std::string_view bytes);

/// The orientation in the chunk EXIF of a whole WebP file; 1 where it has none.
int webp_orientation(std::string_view bytes);

/// Turns and mirrors an image as its EXIF orientation (1 to 8) demands; others change nothing.
cv::Mat apply_orientation(const cv::Mat& image, int orientation);

}  // namespace transfer
