#pragma once

#include <torch/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "models/backbone.h"

namespace transfer {

/// The new last layer: logits = features · weightᵀ + bias.
struct LinearHead {
  torch::Tensor weight;  ///< [classes, D] float32
  torch::Tensor bias;    ///< [classes] float32
};

/// Writes one TorchScript file of the backbone's layers up to `cut` (a stage, averaged over the
/// picture; empty: before the classifier) and the head. Its `forward(x)` gives
/// logits, `predict(x)` probabilities, `features(x)` the head's input. Classes and preprocessing
/// travel inside. Throws OutputError; nothing half-written is left.
void write_classifier(const Backbone& backbone, const std::string& cut, const LinearHead& head,
                      const std::vector<std::string>& classes, const std::filesystem::path& file);

/// A finished model, for inference. `logits` may be called from several threads at once.
class Classifier {
 public:
  /// Throws ModelError when `file` is no model that this program trained.
  Classifier(const std::filesystem::path& file, torch::Device device);
  ~Classifier();
  Classifier(Classifier&&) noexcept;

  const ModelMetadata& metadata() const;
  /// images [N,C,H,W] on any device → logits [N,classes] on the CPU.
  torch::Tensor logits(const torch::Tensor& images) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace transfer
