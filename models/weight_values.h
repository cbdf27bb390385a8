#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <memory>
#include <string>

namespace transfer {

/// The first tensor among those that a graph of the module reads with which nothing can be
/// computed, as a clause for a message: "'body.0.weight' holds NaN", "'norm.running_var' holds
/// negative variances"; "" without one. Parameters and BatchNorm's statistics go before other
/// buffers, which may hold infinity on purpose (attention masks).
std::string describe_unusable_weight(const torch::jit::Module& module,
                                     const std::shared_ptr<torch::jit::Graph>& graph);

/// Replaces NaN and infinity by random numbers in the parameters that `graph` does not read: those
/// of the classifier, which no result depends on.
void replace_unusable_weights_outside(const std::shared_ptr<torch::jit::Graph>& graph,
                                      const torch::jit::Module& module);

}  // namespace transfer
