#pragma once

// Included inside models/ only, since it needs torch/script.h.

#include <torch/script.h>

#include <cstdint>
#include <string>
#include <vector>

#include "models/backbone.h"

namespace transfer {

/// A cut network and how many features each cut gives.
struct FeatureCut {
  /// `forward` gives [N, sum of widths], the cuts' pooled outputs side by side.
  torch::jit::Module module;
  std::vector<std::int64_t> widths;
  /// Multiply-adds of one image from the input up to each cut; empty where there is one cut only.
  std::vector<std::int64_t> multiply_adds;
};

/// Cuts a copy of the backbone at the stages named (empty: before the classifier); one forward pass
/// serves all cuts. Throws ModelError naming the file and the stage.
FeatureCut cut_for_features(const Backbone& backbone, const std::vector<std::string>& cuts);

}  // namespace transfer
