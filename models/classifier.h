#pragma once

#include <torch/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/fusion.h"
#include "models/backbone.h"
#include "models/feature_block.h"
#include "models/head.h"
#include "models/known_images.h"

namespace transfer {

/// Writes one TorchScript file of the backbone's layers up to `cut` (a stage, whose output is
/// averaged over the image, or "" for the classifier's input) and the head. `forward(x)` returns
/// the head's outputs, `predict(x)` applies predictions_of() to them, divided by the temperature,
/// `features(x)` returns the head's input. Classes, objective, preprocessing and confidence are
/// inside. Throws ModelError when the
/// network cannot be cut there or the file, read back, would compute something else, and
/// OutputError; no file is left then.
void write_classifier(const Backbone& backbone, const std::string& cut, const Head& head,
                      const std::vector<std::string>& classes, const std::filesystem::path& file,
                      const Objective& objective = {}, const Confidence& confidence = {});

/// The same for a head on several blocks, whose features lie side by side in that order.
void write_classifier(const Backbone& backbone, const std::vector<FeatureBlock>& blocks,
                      const Head& head, const std::vector<std::string>& classes,
                      const std::filesystem::path& file, const Objective& objective,
                      const Confidence& confidence);

/// Predictions from outputs [N,C]: class probabilities (softmax), label probabilities (sigmoid), or
/// the values unchanged.
torch::Tensor predictions_of(const torch::Tensor& outputs, TargetKind kind);

/// A trained model, for inference. It owns its weights, on `device`. `logits` and `scored_logits`
/// may be called from several threads at once.
class Classifier {
 public:
  /// Throws ModelError when `file` is not a model that this program trained, is damaged, or `trust`
  /// does not admit it (models/admission.h).
  Classifier(const std::filesystem::path& file, torch::Device device, const Trust& trust = {});
  ~Classifier();
  Classifier(Classifier&&) noexcept;

  const ModelMetadata& metadata() const;
  /// What it keeps of its training images; nullptr where it keeps nothing.
  const KnownImages* known() const;
  /// images [N,C,H,W] on any device → logits [N,classes] on the CPU, divided by the model's
  /// temperature, so that predictions_of() gives calibrated probabilities. Fusion::kAuto compiles
  /// in the first call, which pays where many images follow. Throws ModelError when the model does
  /// not take them or gives another number of outputs than it has class names.
  torch::Tensor logits(const torch::Tensor& images, Fusion fusion = Fusion::kOff) const;
  /// The same in one pass with the images' UnknownScore in a further, last column: [N,classes+1].
  /// REQUIRES: known().
  torch::Tensor scored_logits(const torch::Tensor& images, Fusion fusion = Fusion::kOff) const;

 private:
  torch::Tensor run(const torch::Tensor& images, Fusion fusion) const;

  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace transfer
