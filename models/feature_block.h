#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/enum_names.h"
#include "models/backbone.h"

namespace transfer {

/// How the output of a stage, [C,H,W] for an image, becomes features.
enum class Pooling {
  kMean,       ///< [C]: the mean of each channel
  kDeviation,  ///< [C]: its standard deviation over the positions, dividing by their number
  kQuarters,  ///< [4C]: its mean in each quarter of the image, as adaptive average pooling to 2 x 2
};
template <>
inline constexpr std::array<std::string_view, 3> kNames<Pooling> = {"mean", "deviation",
                                                                    "quarters"};

/// Some of the features of a network: one pooling of one stage.
struct FeatureBlock {
  /// Path of a stage, or "" for the classifier's input, which has a mean alone.
  std::string stage;
  Pooling pooling = Pooling::kMean;

  bool operator==(const FeatureBlock&) const = default;
};

/// What identifies a block: the stage for its mean, else `blocks.10:deviation`.
std::string block_name(const FeatureBlock& block);

/// What people call it: the same, with `penultimate` for the classifier's input.
std::string block_title(const FeatureBlock& block);

/// The means of these cuts.
std::vector<FeatureBlock> means_of(const std::vector<std::string>& cuts);

/// The blocks of all stages that probed_stages() names and of the last stage, in the network's
/// order: the mean, deviation and quarters where an output has positions, else the mean; of tokens
/// no quarters. The mean of the last stage is that of the classifier's input. Throws ModelError
/// where a network cannot be cut.
std::vector<FeatureBlock> blocks_of_all_stages(const Backbone& backbone);

}  // namespace transfer
