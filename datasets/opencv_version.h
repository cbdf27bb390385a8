#pragma once

#include <string>

namespace transfer {

/// The version of the OpenCV that is loaded, such as `4.6.0`.
std::string opencv_version();

}  // namespace transfer
