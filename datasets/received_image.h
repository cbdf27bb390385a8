#pragma once

#include <torch/types.h>

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>

#include "core/preprocessing.h"

namespace transfer {

// Images that arrive as bytes, such as over a network, and never were files here.

/// Whether the bytes begin as those of a format that decode_image() reads.
bool begins_as_image(std::string_view bytes);

/// The image as a network reads it before it is fitted: RGB, also for grey networks, or the bands.
/// A JPEG much larger than the network's input may be decoded at reduced size. `name` is for
/// messages, `max_bytes` limits the decoded pixels. Throws DataError "NAME: reason", of which
/// OversizedImage is one, and ResourceError. Thread-safe.
cv::Mat decode_bytes_for(std::string_view bytes, const std::string& name,
                         const Preprocessing& preprocessing, std::int64_t max_bytes);

/// The image as a network is to see it, exactly as a Loader prepares it without augmentation:
/// [1,C,H,W] float32, channels-last. Throws as decode_bytes_for() does. Thread-safe. The first call
/// turns OpenCV's own threads off in the whole process.
torch::Tensor network_input(std::string_view bytes, const std::string& name,
                            const Preprocessing& preprocessing, std::int64_t max_bytes);

}  // namespace transfer
