#pragma once

#include <torch/types.h>

#include <cstdint>
#include <optional>

namespace transfer {

/// The most memory of the GPU, in bytes, that this process's tensors and LibTorch's reserve for
/// further ones took at once. Nothing for a CPU, and with a LibTorch before 2.10, which does not
/// tell without CUDA's headers.
std::optional<std::int64_t> peak_gpu_memory_bytes(torch::Device device);

/// Bytes of the device's memory that this process can still take: of a GPU what the driver has
/// left, of a CPU what available_memory_bytes() says. 0 where it is unknown.
std::int64_t free_device_memory_bytes(torch::Device device);

}  // namespace transfer
