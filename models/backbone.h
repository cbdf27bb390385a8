#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "models/metadata.h"

namespace transfer {

/// A pretrained TorchScript network that ends in a classifier: a linear layer or, as SqueezeNet, a
/// 1x1 convolution, whose features are averaged over the image. Auxiliary outputs are left out
/// and traced layers follow train() and eval() again (see `repaired_layers`). Immutable and
/// cheap to copy (copies share the weights, on the CPU). Every edit works on a copy of its own.
class Backbone {
 public:
  /// Loads an archive. Without `transfer.json` inside, ImageNet preprocessing is assumed
  /// (`has_metadata()` is false then, and the caller says so). Throws ModelError naming the file
  /// and the remedy when it is missing, truncated, a state dict, no TorchScript, or has no
  /// classifier, was frozen by torch.jit.freeze, and when its weights do not match the hash in its
  /// metadata.
  static Backbone load(const std::filesystem::path& file);

  const std::string& file() const;
  const ModelMetadata& metadata() const;
  bool has_metadata() const;
  /// Path, inputs and outputs of the classifier.
  const std::string& classifier_path() const;
  std::int64_t feature_count() const;
  std::int64_t output_count() const;
  /// How many BatchNorm and Dropout layers tracing had fixed in evaluation mode and loading has
  /// made obey train() and eval() again; 0 for scripted modules.
  int repaired_layers() const;

  /// Whether it has no file and no pretrained weights; `file()` is its name then.
  bool is_built_in() const;

  /// SHA-256 of the file, or of a built-in one's name: networks with the same one compute the same
  /// of images brought to the same size. Throws DataError when the file is gone.
  std::string fingerprint() const;

  /// The same network, to be shown square images of `size` pixels; what is resized before the
  /// crop keeps its proportion to it.
  Backbone with_input_size(std::int64_t size) const;

  /// For models/ only: the module behind it.
  struct Implementation;
  explicit Backbone(std::shared_ptr<const Implementation> implementation);
  const Implementation& implementation() const { return *implementation_; }

 private:
  std::shared_ptr<const Implementation> implementation_;
};

/// The file of a backbone that was given as a path or by name. Throws ModelError that lists the
/// names there are and the folders searched.
std::filesystem::path find_backbone(const std::string& name_or_file);

}  // namespace transfer
