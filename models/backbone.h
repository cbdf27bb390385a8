#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/trust.h"
#include "models/input_settings.h"
#include "models/metadata.h"

namespace transfer {

/// A pretrained TorchScript network. Its features are the input of its classifier, which is a
/// linear layer or a 1x1 convolution (SqueezeNet), averaged over the image or over tokens; or its
/// output, if it ends without a classifier.
///
/// Ownership: the Backbone owns the pretrained weights, on the CPU, and never changes them. Copies
/// are cheap and share them. Whatever cuts or trains the network (FrozenTrunk, TrainableNetwork,
/// write_classifier) copies the weights first.
class Backbone {
 public:
  /// Loads a TorchScript file. Removes auxiliary outputs and lets traced layers obey train() and
  /// eval() again (see `repaired_layers`). Weights of another floating type become float32, those
  /// held as buffers parameters, and devices in the program that of the data (see remarks()).
  /// Without `transfer.json` inside, has_metadata() is false and images are prepared as `settings`
  /// say; the caller reports the assumptions(). A file with it decides by itself, but for the size
  /// of images and how they are fitted to it.
  ///
  /// `trust` decides whether its program may run (models/admission.h).
  ///
  /// Throws ConfigError where `settings` do not fit the network or contradict its file.
  /// Throws ModelError, naming the file and the remedy, when
  /// - the file is missing, a folder, unreadable, empty, truncated, a state dict, not TorchScript,
  /// - a record of it is damaged, or `trust` does not admit it,
  /// - its metadata is malformed, or of a newer format than this program reads,
  /// - its weights do not match the hash in its metadata,
  /// - its weights are constants (torch.jit.freeze, optimize_for_inference),
  /// - `forward` is missing, takes more or other than the image, or returns no logits,
  /// - it has no layers with weights, its layers compute with 8-bit integers, or its output cannot
  ///   serve as features where it ends without a classifier,
  /// - the features at the cut do not give the network's own outputs (see measure_features()),
  /// - it reads other channels than grey or colours and `settings` lack its mean and std.
  /// Further cuts are checked where they are made: see FrozenTrunk and TrainableNetwork.
  static Backbone load(const std::filesystem::path& file, const InputSettings& settings = {},
                       const Trust& trust = {});

  const std::string& file() const;
  const ModelMetadata& metadata() const;
  bool has_metadata() const;
  /// Whether the network ends in a classifier; otherwise its output is the features.
  bool has_classifier() const;
  /// Module path of the classifier; "" without one, or if the weight is the root's own.
  const std::string& classifier_path() const;
  /// The same for tables and messages: never "".
  std::string classifier_name() const;
  /// How the classifier was found, as a sentence without a full stop.
  std::string classifier_description() const;
  /// Width of the features; 0 while unknown, because the network takes no image of its size.
  std::int64_t feature_count() const;
  /// Number of logits; 0 without a classifier.
  std::int64_t output_count() const;
  /// What was decided about this network and should be told to the user; each without the file's
  /// name and without a full stop.
  std::vector<std::string> remarks() const;
  /// How many BatchNorm and Dropout layers tracing had fixed in evaluation mode and loading
  /// repaired; 0 for scripted modules.
  int repaired_layers() const;

  /// What the file does not say of its images, one sentence each for the user; empty with metadata.
  const std::vector<std::string>& assumptions() const;

  /// Whether it has BatchNorm layers outside the stages given.
  bool has_batch_norm(const std::vector<std::string>& frozen_stages = {}) const;

  /// Whether it comes without a file and pretrained weights; `file()` is then its name.
  bool is_built_in() const;

  /// SHA-256 of the file, or of the name of a built-in backbone. Backbones with equal fingerprints
  /// compute the same from images of the same size. Throws DataError when the file is gone.
  std::string fingerprint() const;

  /// The same network for square images of `size` pixels. The side to which images are resized
  /// before the crop is scaled by the same factor. Throws ModelError as load() does if the network
  /// could be run with this size only.
  Backbone with_input_size(std::int64_t size) const;
  /// The same network for images of the settings' size, fitted as they say. Throws ConfigError
  /// where they contradict its preprocessing.
  Backbone with_input(const InputSettings& settings) const;

  /// The same network for images whose samples are read by this range.
  Backbone with_sample_range(const SampleRange& range) const;

  /// For models/ only: the TorchScript module.
  struct Implementation;
  explicit Backbone(std::shared_ptr<const Implementation> implementation);
  const Implementation& implementation() const { return *implementation_; }

 private:
  std::shared_ptr<const Implementation> implementation_;
};

}  // namespace transfer
