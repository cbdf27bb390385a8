#pragma once

#include <filesystem>
#include <opencv2/core/mat.hpp>

namespace transfer {

/// Writes an 8-bit RGB image (CV_8UC3) as PNG, whole or not at all. Throws OutputError.
void write_png(const cv::Mat& rgb, const std::filesystem::path& file);

}  // namespace transfer
