#pragma once

#include <opencv2/core/mat.hpp>
#include <string>

namespace transfer {

/// An 8-bit RGB image (CV_8UC3) as the bytes of a JPEG. `quality` is libjpeg's, 1 to 100. Throws
/// OutputError where libjpeg fails, which it does for images of no pixels or more than 65,500 a
/// side.
std::string jpeg_bytes(const cv::Mat& rgb, int quality = 80);

}  // namespace transfer
