#pragma once

#include <torch/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace transfer {

/// Copies the parameters and buffers of a model.pt, which TrainableNetwork::write() has written,
/// into the tensors of the same names. Throws ModelError where the file cannot be loaded, lacks a
/// name or holds another shape.
void load_model_weights(const std::filesystem::path& file,
                        const std::vector<std::pair<std::string, torch::Tensor>>& tensors);

}  // namespace transfer
