#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/preprocessing.h"

namespace transfer {

// Images that arrive as bytes, such as over a network, and never were files here.

/// Whether the bytes begin as those of a format that decode_image() reads.
bool begins_as_image(std::string_view bytes);

/// The image as a network is to see it, exactly as a Loader prepares it without augmentation:
/// [1,C,H,W] float32, channels-last. Throws as decode_bytes_for() does. Thread-safe. The first call
/// turns OpenCV's own threads off in the whole process.
torch::Tensor network_input(std::string_view bytes, const std::string& name,
                            const Preprocessing& preprocessing, std::int64_t max_bytes);

}  // namespace transfer
