#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>

namespace transfer {

/// What the driver says of a GPU.
struct GpuProperties {
  /// Such as "NVIDIA H100"; "" where the driver does not tell.
  std::string name;
  /// Compute capability, such as 9.0; 0.0 where the driver does not tell.
  int major = 0;
  int minor = 0;

  /// "NVIDIA H100 (compute capability 9.0)".
  std::string text() const;
};

/// The properties of a GPU of this process, by the driver's own interface (the CUDA driver API,
/// "Device Management"), so that no CUDA header is needed. Empty for a CPU.
GpuProperties gpu_properties(torch::Device device);

/// The most bytes that LibTorch's tensors have taken on the GPU at any time so far; 0 for a CPU and
/// before LibTorch 2.10.
std::int64_t peak_gpu_memory_bytes(torch::Device device);

/// Bytes of the GPU's memory that are free, as the driver counts; 0 for a CPU and where the driver
/// does not tell.
std::int64_t free_gpu_memory_bytes(torch::Device device);

}  // namespace transfer
