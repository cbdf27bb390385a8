#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/backbone.h"

namespace transfer {

/// The output at a cut for one image, and its cost.
struct CutOutput {
  /// With the batch dimension: [1,C,H,W] or [1,D].
  std::vector<std::int64_t> shape;
  /// Multiply-adds of the convolutions and linear layers from the image up to the cut.
  std::int64_t multiply_adds = 0;
};

/// Runs one blank image through the backbone. Returns one entry per cut (a stage, or "" for the
/// classifier's input) and one for the logits, last. Throws ModelError when the network cannot be
/// cut there or does not take an image of the backbone's size.
std::vector<CutOutput> run_blank_image(const Backbone& backbone,
                                       const std::vector<std::string>& cuts);

}  // namespace transfer
