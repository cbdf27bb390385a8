#pragma once

#include <torch/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/trust.h"

namespace transfer {

/// Copies the parameters and buffers of a model.pt, which TrainableNetwork::write() has written,
/// into the tensors of the same names. Throws ModelError where the file cannot be loaded, lacks a
/// name or holds another shape. `trust` decides whether it may be loaded.
void load_model_weights(const std::filesystem::path& file,
                        const std::vector<std::pair<std::string, torch::Tensor>>& tensors,
                        const Trust& trust = {});

}  // namespace transfer
