#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <optional>
#include <string>

#include "models/input_settings.h"

namespace transfer {

/// The first convolution that the image reaches.
struct FirstConvolution {
  /// The module that holds its weight, such as `stem.0`.
  std::string path;
  /// Channels that it reads.
  std::int64_t channels = 0;
};

/// Finds it in the graph of `forward`; nothing where there is none or its weight is computed.
std::optional<FirstConvolution> first_convolution(const torch::jit::Module& module);

/// Whether `forward` takes a blank image of that shape [1,C,H,W].
bool takes_image(const torch::jit::Module& module, torch::IntArrayRef shape);

/// How images become the input of a network without transfer.json: as the settings say, and
/// ImageNet's preprocessing where they are silent. The channels are those that the first
/// convolution reads, unless the whole network takes colours nevertheless (it repeats, splits or
/// adds channels itself).
///
/// Throws ModelError, naming `file` and the settings to give, where the network reads other
/// channels than grey or colours and the settings lack its mean and std, and ConfigError, naming
/// the key and its place, where they do not fit the network.
NetworkInput choose_input(const torch::jit::Module& module, const InputSettings& settings,
                          const std::string& file);

}  // namespace transfer
