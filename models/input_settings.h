#pragma once

#include <optional>
#include <string>
#include <vector>

#include "configs/config.h"
#include "core/preprocessing.h"

namespace transfer {

/// What the configuration says of the images that a network reads.
struct InputSettings {
  /// For networks without transfer.json.
  InputConfig input;
  ImageSize size;
  std::optional<Resize> resize;
};

InputSettings input_settings(const Config& config);

/// How images become a network's input, and what of that its file did not say.
struct NetworkInput {
  Preprocessing preprocessing;
  /// What was read off the network and what is assumed, one sentence each, for the user.
  std::vector<std::string> assumptions;
};

/// The preprocessing of a network with transfer.json, for images of that size, fitted in that way.
/// Throws ConfigError, naming `file` and the key, where `settings.input` contradicts it.
Preprocessing adjust_input(const Preprocessing& own, const InputSettings& settings,
                           const std::string& file);

}  // namespace transfer
