#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/backbone.h"

namespace transfer {

/// What one stage of a backbone costs and gives.
struct StageComplexity {
  std::string path;
  /// Shape of the stage's output for one image, without the batch dimension: [C,H,W] or [D].
  std::vector<std::int64_t> output_shape;
  /// Learnable numbers of this stage alone (not of those before it).
  std::int64_t parameters = 0;
  /// Multiply-adds of convolutions and linear layers of this stage alone, for one image.
  std::int64_t multiply_adds = 0;
};

/// Measures every stage named in the metadata and, last, the classifier, by running one blank
/// image through the network cut at each of them. Throws ModelError when a stage cannot be cut.
std::vector<StageComplexity> measure_complexity(const Backbone& backbone);

}  // namespace transfer
