#pragma once

#include <torch/types.h>

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

}  // namespace transfer
