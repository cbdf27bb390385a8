#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

namespace transfer {

enum class DeviceConstants {
  kForeign,  ///< those of other devices than the CPU
  kAll,
};

/// Replaces the devices that tracing or scripting wrote into the program (`cuda:0`) by the device
/// of a tensor nearby, so that the network runs where its weights and images are. Tensors written
/// into the program follow with kAll. Returns the number of replacements. REQUIRES: no method has
/// run, since it keeps its execution plan.
int replace_device_constants(torch::jit::Module& module, DeviceConstants which);

}  // namespace transfer
