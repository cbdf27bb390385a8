#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/backbone.h"

namespace transfer {

/// What one image has become at a cut, and what that took.
struct CutOutput {
  /// With the batch dimension: [1,C,H,W] or [1,D].
  std::vector<std::int64_t> shape;
  /// Multiply-adds of convolutions and linear layers from the image up to here.
  std::int64_t multiply_adds = 0;
};

/// Runs a blank image through the backbone once. One entry for each cut (a stage, or empty: the
/// classifier's input) and, last, one for the logits. Throws ModelError where the network cannot be
/// cut, or an image of the backbone's size does not pass.
std::vector<CutOutput> run_blank_image(const Backbone& backbone,
                                       const std::vector<std::string>& cuts);

}  // namespace transfer
