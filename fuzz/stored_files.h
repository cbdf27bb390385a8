#pragma once

#include <torch/optim/adamw.h>

#include <vector>

#include "app/features/feature_archive.h"
#include "app/training/checkpoint.h"
#include "core/hash.h"

namespace transfer::fuzz {

/// What the fuzzed checkpoints and feature archives hold, for the targets and for the seeds.

constexpr std::int64_t kRowNumbers = 3;

/// Keys of images that do not exist.
inline std::vector<std::string> row_keys() {
  std::vector<std::string> keys;
  for (int i = 0; i < 4; ++i) keys.push_back(sha256_hex(std::to_string(i)));
  return keys;
}

/// The features of the images at these positions: the position, everywhere.
inline void compute_rows(const std::vector<std::int64_t>& positions, FeatureTable& table) {
  for (std::size_t row = 0; row < positions.size(); ++row) {
    const auto value = static_cast<float>(positions[row] + 1);
    table.write(static_cast<std::int64_t>(row), torch::full({1, kRowNumbers}, value));
  }
}

/// A network's weights and their optimizer.
struct TrainingState {
  NamedTensors tensors = {{"weight", torch::ones({2, 3})}, {"bias", torch::zeros({2})}};
  torch::optim::AdamW optimizer{{tensors[0].second, tensors[1].second},
                                torch::optim::AdamWOptions(0.1)};
};

}  // namespace transfer::fuzz
