#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/backbone.h"

namespace transfer {

/// Output shape and cost of one stage of a backbone.
struct StageComplexity {
  /// Module path.
  std::string path;
  /// Shape of the stage's output for one image, without the batch dimension: [C,H,W] or [D].
  std::vector<std::int64_t> output_shape;
  /// Number of parameters of this stage, without those of earlier stages.
  std::int64_t parameters = 0;
  /// Multiply-adds of this stage's convolutions and linear layers for one image.
  std::int64_t multiply_adds = 0;
};

/// Measures every stage in the metadata and, last, the classifier, by running one blank image.
/// Throws ModelError when the network cannot be cut at a stage.
std::vector<StageComplexity> measure_complexity(const Backbone& backbone);

}  // namespace transfer
