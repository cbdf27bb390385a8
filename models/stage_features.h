#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <cstdint>
#include <string>
#include <vector>

#include "models/backbone.h"

namespace transfer {

/// A network cut at one or several places.
struct FeatureCut {
  /// `forward` returns [N, sum of widths]: the pooled outputs of the cuts side by side.
  torch::jit::Module module;
  /// Number of features of each cut.
  std::vector<std::int64_t> widths;
  /// Multiply-adds for one image from the input up to each cut; empty when there is only one cut.
  std::vector<std::int64_t> multiply_adds;
};

/// Cuts a copy of the backbone at the stages named ("": in front of the classifier). One forward
/// pass computes all cuts. Throws ModelError, naming the file and the stage, when that is
/// impossible.
FeatureCut cut_for_features(const Backbone& backbone, const std::vector<std::string>& cuts);

}  // namespace transfer
