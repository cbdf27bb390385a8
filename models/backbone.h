#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "models/metadata.h"

namespace transfer {

/// A pretrained TorchScript network that has a linear classifier as its last layer. Immutable and
/// cheap to copy (copies share the weights, on the CPU). Every edit works on a copy of its own.
class Backbone {
 public:
  /// Loads an archive. Without `transfer.json` inside, ImageNet preprocessing is assumed
  /// (`has_metadata()` is false then, and the caller says so). Throws ModelError naming the file
  /// and the remedy when it is missing, truncated, a state dict, no TorchScript, or has no linear
  /// layer, and when its weights do not match the hash in its metadata.
  static Backbone load(const std::filesystem::path& file);

  const std::string& file() const;
  const ModelMetadata& metadata() const;
  bool has_metadata() const;
  /// Path, inputs and outputs of the last linear layer.
  const std::string& classifier_path() const;
  std::int64_t feature_count() const;
  std::int64_t output_count() const;

  /// SHA-256 over the weights and the code of `forward`: equal for networks that compute the same.
  std::string fingerprint() const;

  /// For models/ only: the module behind it.
  struct Implementation;
  const Implementation& implementation() const { return *implementation_; }

 private:
  explicit Backbone(std::shared_ptr<const Implementation> implementation);
  std::shared_ptr<const Implementation> implementation_;
};

/// The file of a backbone that was given as a path or by name. Throws ModelError that lists the
/// names there are and the folders searched.
std::filesystem::path find_backbone(const std::string& name_or_file);

}  // namespace transfer
