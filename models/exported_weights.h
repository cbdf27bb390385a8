#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/trust.h"

namespace transfer {

/// What a file of weights holds.
struct ExportedWeights {
  std::size_t tensors = 0;
  /// Elements of all of them.
  std::int64_t elements = 0;
  /// The name of the layer in which the head stands, as "fc" for `fc.weight` and `fc.bias`.
  std::string head;
  /// Whether that is the classifier of the network that the model was trained from, so that the
  /// file holds the whole network with another number of classes.
  bool replaces_classifier = false;
};

/// Writes the parameters and buffers of a trained model as safetensors. Those of the backbone have
/// the names that they have in the network that it was exported from, and the head, where it is one
/// linear layer on the classifier's input, that of the classifier; other heads stand under `head`,
/// or `new_head` where the network has a layer of that name.
/// The file's metadata holds `transfer.json`. Throws OutputError, and ModelError for an ensemble,
/// for a network whose BatchNorms were folded into its convolutions, since the weights no longer
/// belong to the original's layers, and as Classifier does.
ExportedWeights export_weights(const std::filesystem::path& model,
                               const std::filesystem::path& file, const Trust& trust = {});

}  // namespace transfer
