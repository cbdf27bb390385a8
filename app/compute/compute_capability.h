#pragma once

#include <torch/types.h>

#include <string>

namespace transfer {

/// Which arithmetic a GPU has, as NVIDIA numbers it, such as 9.0; 0.0 where the driver does not
/// tell.
struct ComputeCapability {
  int major = 0;
  int minor = 0;
};

/// By the driver's own interface (the CUDA driver API, "Device Management"), so that no CUDA header
/// is needed. REQUIRES: a CUDA device.
ComputeCapability compute_capability(torch::Device device);

/// The GPU's name, such as "NVIDIA H200", likewise; "" of a CPU, and where the driver does not
/// tell.
std::string gpu_name(torch::Device device);

}  // namespace transfer
