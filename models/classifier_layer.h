#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace transfer {

enum class ClassifierKind {
  kNone,         ///< the network ends without one; its output is the features
  kLinear,       ///< fully connected, input [N,D] or, for tokens, [N,…,D]
  kConvolution,  ///< 1x1 convolution, input [N,D,H,W]
};

/// The layer that turns features into logits, and how its input becomes features [N,D].
struct ClassifierLayer {
  /// Attribute path from the root, such as `classifier` or `features.fc`; empty when the weight is
  /// the root's own, and without a classifier.
  std::string path;
  ClassifierKind kind = ClassifierKind::kNone;
  /// Width of the features, and number of logits: from the weight, then from a run (see
  /// measure_features()). 0 while unknown; without a classifier there are no logits.
  std::int64_t in_features = 0;
  std::int64_t out_features = 0;
  /// The dimensions of the input over which features are averaged.
  std::vector<std::int64_t> pooled;
  /// The token of an input [N,T,D] that is the features instead, where the logits are those of one
  /// token.
  std::optional<std::int64_t> token;
  /// Without a classifier: what the network ends in, as a clause ("it ends in add").
  std::string ending;
};

/// Finds the classifier on the path to the main logits: the linear layer or 1x1 convolution behind
/// which only operators follow that keep the logits (see find_ending()), so that every path from
/// the image to the logits passes it. Networks that end otherwise have the kind kNone. Throws
/// ModelError naming `file` when the network has no layer with weights, when the classifier runs
/// inside a branch or a loop, and when weights are constants.
ClassifierLayer find_classifier(const torch::jit::Module& module, const std::string& file);

/// The same for a graph with one output, a tensor. Calls in the graph may be inlined.
ClassifierLayer classifier_of(std::shared_ptr<torch::jit::Graph>& graph,
                              const torch::jit::Module& module, const std::string& file);

/// A copy of `forward`'s graph that returns only the logits, and the classifier's input in it at
/// the top level: a copy of the value, made directly before the classifier runs; without a
/// classifier a copy of the output.
struct ExposedClassifier {
  std::shared_ptr<torch::jit::Graph> graph;
  torch::jit::Value* input = nullptr;
};
ExposedClassifier expose_classifier(const torch::jit::Module& module, const ClassifierLayer& layer,
                                    const std::string& file);

/// Throws ModelError naming `file` when torch.jit.freeze or optimize_for_inference turned the
/// weights into constants.
void refuse_frozen(const torch::jit::Module& module, const std::string& file);

/// Throws ModelError naming `file` when layers take 8-bit integers (static quantisation).
void refuse_statically_quantised(const torch::jit::Module& module, const std::string& file);

}  // namespace transfer
