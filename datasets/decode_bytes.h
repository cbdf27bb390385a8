#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>

#include "core/preprocessing.h"

namespace transfer {

/// An image file's bytes as decode_for() gives its image, before it is fitted: RGB, also for grey
/// networks, or the bands. A JPEG much larger than the network's input may be decoded at reduced
/// size. `name` is for messages, `max_bytes` limits the decoded pixels. Throws DataError "NAME:
/// reason", of which OversizedImage is one, and ResourceError. Thread-safe.
cv::Mat decode_bytes_for(std::string_view bytes, const std::string& name,
                         const Preprocessing& preprocessing, std::int64_t max_bytes);

}  // namespace transfer
