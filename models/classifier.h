#pragma once

#include <torch/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "models/backbone.h"
#include "models/head.h"

namespace transfer {

/// Writes one TorchScript file of the backbone's layers up to `cut` (a stage, averaged over the
/// image; empty: before the classifier) and the head. Its `forward(x)` gives the head's outputs,
/// `predict(x)` what predictions_of() makes of them, `features(x)` the head's input. Classes,
/// objective and preprocessing travel inside. Throws OutputError; nothing half-written is left.
void write_classifier(const Backbone& backbone, const std::string& cut, const Head& head,
                      const std::vector<std::string>& classes, const std::filesystem::path& file,
                      const Objective& objective = {});

/// What outputs [N,C] say: probabilities of the classes (softmax), of each label (sigmoid), or the
/// values as they are.
torch::Tensor predictions_of(const torch::Tensor& outputs, TargetKind kind);

/// A finished model, for inference. `logits` may be called from several threads at once.
class Classifier {
 public:
  /// Throws ModelError when `file` is no model that this program trained.
  Classifier(const std::filesystem::path& file, torch::Device device);
  ~Classifier();
  Classifier(Classifier&&) noexcept;

  const ModelMetadata& metadata() const;
  /// images [N,C,H,W] on any device → outputs [N,classes] on the CPU.
  torch::Tensor logits(const torch::Tensor& images) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace transfer
