#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <string>

#include "models/frozen_prefix.h"

namespace transfer {

struct FrozenPrefix::Implementation {
  /// Its `forward` runs the prefix.
  torch::jit::Module module;
  std::string stage;
  torch::Device device;
};

}  // namespace transfer
