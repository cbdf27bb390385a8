#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <memory>
#include <string>

namespace transfer {

enum class ClassifierKind {
  kLinear,       ///< fully connected, input [N,D]
  kConvolution,  ///< 1x1 convolution, input [N,D,H,W]
};

/// The layer that turns features into logits: the linear layer or 1x1 convolution that runs last.
struct ClassifierLayer {
  /// Attribute path from the root, such as `classifier` or `features.fc`; empty when the weight is
  /// the root's own.
  std::string path;
  ClassifierKind kind = ClassifierKind::kLinear;
  std::int64_t in_features = 0;
  std::int64_t out_features = 0;
};

/// Finds the classifier by execution order, not by name, on the path to the main logits, so that
/// auxiliary classifiers do not count. Throws ModelError naming `file` when the network ends in
/// something else, when the layer runs inside a branch or a loop, and when weights are constants.
ClassifierLayer find_classifier(const torch::jit::Module& module, const std::string& file);

/// A copy of `forward`'s graph in which the classifier is at the top level, and the classifier's
/// input in it.
struct ExposedClassifier {
  std::shared_ptr<torch::jit::Graph> graph;
  torch::jit::Value* input = nullptr;
  ClassifierLayer layer;
};
ExposedClassifier expose_classifier(const torch::jit::Module& module, const std::string& file);

/// Throws ModelError naming `file` when torch.jit.freeze or optimize_for_inference turned the
/// weights into constants.
void refuse_frozen(const torch::jit::Module& module, const std::string& file);

}  // namespace transfer
