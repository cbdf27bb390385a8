#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "models/classifier_layer.h"

namespace transfer {

/// Whether two tensors have one shape and the same values but for rounding; NaN equals NaN.
bool agree(const torch::Tensor& found, const torch::Tensor& expected);

/// The graph of the layers from the classifier on: (self, classifier's input, image) → logits. The
/// image is there for its size.
std::shared_ptr<torch::jit::Graph> behind_classifier(const torch::jit::Module& module,
                                                     const ClassifierLayer& layer,
                                                     const std::string& file);

/// A copy without the ReLU that SqueezeNet has between its classifier and the average.
std::shared_ptr<torch::jit::Graph> without_activations(
    const std::shared_ptr<torch::jit::Graph>& graph);

/// The logits for a classifier's input; nothing if the layers fail.
using LogitsOfInput = std::function<std::optional<torch::Tensor>(const torch::Tensor& input)>;

/// Decides how a classifier's input [N,…] becomes features [N,D]: by its average over all positions
/// (`layer.pooled`), or as the first or last token of [N,T,D] (`layer.token`). An input that has
/// this value at every position must give the same logits. Returns false if none does: the logits
/// are then joined in another way (a maximum, weights, some of the tokens), for which no features
/// exist. An input [N,D] needs nothing.
bool choose_pooling(const torch::Tensor& input, ClassifierLayer& layer,
                    const LogitsOfInput& logits_of);

}  // namespace transfer
