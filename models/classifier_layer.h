#pragma once

// Included inside models/ only, since it needs torch/script.h.

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

/// Finds it by execution order, not by name, on the way to the main logits, so that auxiliary
/// classifiers do not count. Throws ModelError naming `file` where the network ends in something
/// else, where the layer runs inside a branch or a loop, or where weights are constants.
ClassifierLayer find_classifier(const torch::jit::Module& module, const std::string& file);

/// A copy of `forward`'s graph in which the classifier stands at the top level, and its input.
struct ExposedClassifier {
  std::shared_ptr<torch::jit::Graph> graph;
  torch::jit::Value* input = nullptr;
  ClassifierLayer layer;
};
ExposedClassifier expose_classifier(const torch::jit::Module& module, const std::string& file);

/// Throws ModelError naming `file` when torch.jit.freeze or optimize_for_inference has turned the
/// weights into constants.
void refuse_frozen(const torch::jit::Module& module, const std::string& file);

}  // namespace transfer
