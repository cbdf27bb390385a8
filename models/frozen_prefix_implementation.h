#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <string>

#include "models/frozen_prefix.h"
#include "models/inference_module.h"

namespace transfer {

struct FrozenPrefix::Implementation {
  /// Its `forward` runs the prefix.
  InferenceModule module;
  std::string stage;
  Fusion fusion;
};

}  // namespace transfer
