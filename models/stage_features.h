#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <cstdint>
#include <string>
#include <vector>

#include "models/backbone.h"
#include "models/feature_block.h"

namespace transfer {

/// A network cut at one or several places.
struct FeatureCut {
  /// `forward` returns [N, sum of widths]: the blocks side by side.
  torch::jit::Module module;
  /// Number of features of each block.
  std::vector<std::int64_t> widths;
  /// Multiply-adds for one image from the input up to each block; empty when there is only one.
  std::vector<std::int64_t> multiply_adds;
};

/// Cuts a copy of the backbone so that one forward pass computes these blocks. Throws ModelError,
/// naming the file and the stage, when that is impossible. REQUIRES: a block that is not a mean has
/// a stage whose output it can pool (see blocks_of_all_stages()).
FeatureCut cut_for_blocks(const Backbone& backbone, const std::vector<FeatureBlock>& blocks);

/// The same for the means of the stages named ("": in front of the classifier).
FeatureCut cut_for_features(const Backbone& backbone, const std::vector<std::string>& cuts);

}  // namespace transfer
