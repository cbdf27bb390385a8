#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "models/classifier_layer.h"

namespace transfer {

/// A copy of `forward`'s graph that returns the logits and the values at several cuts.
struct StageGraph {
  std::shared_ptr<torch::jit::Graph> graph;
  /// Position among the graph's outputs, for each cut and, last, for the logits.
  std::vector<std::size_t> outputs;
};

/// A cut is a stage, or "" for the classifier's input (see expose_classifier()). Throws ModelError
/// as cut_after_stage does.
StageGraph graph_with_cuts(const torch::jit::Module& module, const ClassifierLayer& classifier,
                           const std::vector<std::string>& cuts, const std::string& file);

}  // namespace transfer
