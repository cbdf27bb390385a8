#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "models/metadata.h"

namespace transfer {

/// A pretrained TorchScript network that ends in a classifier: a linear layer, or a 1x1 convolution
/// (SqueezeNet), whose input is averaged over the image.
///
/// Ownership: the Backbone owns the pretrained weights, on the CPU, and never changes them. Copies
/// are cheap and share them. Whatever cuts or trains the network (FrozenTrunk, TrainableNetwork,
/// write_classifier) copies the weights first.
class Backbone {
 public:
  /// Loads a TorchScript file. Removes auxiliary outputs and lets traced layers obey train() and
  /// eval() again (see `repaired_layers`). Weights of another floating type become float32, those
  /// held as buffers parameters, and devices in the program that of the data (see remarks()).
  /// Without `transfer.json` inside, has_metadata() is false and ImageNet preprocessing is assumed;
  /// the caller reports that.
  ///
  /// Throws ModelError, naming the file and the remedy, when
  /// - the file is missing, a folder, unreadable, empty, truncated, a state dict, not TorchScript,
  /// - its metadata is malformed, or of a newer format than this program reads,
  /// - its weights do not match the hash in its metadata,
  /// - its weights are constants (torch.jit.freeze, optimize_for_inference),
  /// - `forward` is missing, takes more or other than the image, or returns no logits,
  /// - the network does not end in a classifier.
  /// Further cuts are checked where they are made: see FrozenTrunk and TrainableNetwork.
  static Backbone load(const std::filesystem::path& file);

  const std::string& file() const;
  const ModelMetadata& metadata() const;
  bool has_metadata() const;
  /// Module path of the classifier, its inputs and its outputs.
  const std::string& classifier_path() const;
  std::int64_t feature_count() const;
  std::int64_t output_count() const;
  /// How many BatchNorm and Dropout layers tracing had fixed in evaluation mode and loading
  /// repaired; 0 for scripted modules.
  int repaired_layers() const;

  /// What was decided about this network and should be told to the user; each without the file's
  /// name and without a full stop.
  std::vector<std::string> remarks() const;

  /// Whether it has BatchNorm layers outside the stages given.
  bool has_batch_norm(const std::vector<std::string>& frozen_stages = {}) const;

  /// Whether it comes without a file and pretrained weights; `file()` is then its name.
  bool is_built_in() const;

  /// SHA-256 of the file, or of the name of a built-in backbone. Backbones with equal fingerprints
  /// compute the same from images of the same size. Throws DataError when the file is gone.
  std::string fingerprint() const;

  /// The same network for square images of `size` pixels. The side to which images are resized
  /// before the crop is scaled by the same factor.
  Backbone with_input_size(std::int64_t size) const;

  /// For models/ only: the TorchScript module.
  struct Implementation;
  explicit Backbone(std::shared_ptr<const Implementation> implementation);
  const Implementation& implementation() const { return *implementation_; }

 private:
  std::shared_ptr<const Implementation> implementation_;
};

/// The file of a backbone given as a path or by name. Throws ModelError, which lists the exported
/// backbones, when no file has that name.
std::filesystem::path find_backbone(const std::string& name_or_file);

}  // namespace transfer
