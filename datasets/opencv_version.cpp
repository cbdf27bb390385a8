#include "datasets/opencv_version.h"

#include <opencv2/core/utility.hpp>

namespace transfer {

std::string opencv_version() { return cv::getVersionString(); }

}  // namespace transfer
