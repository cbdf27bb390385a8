#pragma once

#include <torch/types.h>

#include <cstdint>
#include <optional>

#include "core/preprocessing.h"

namespace transfer {

/// How the positions of an image lie in a stage's output.
struct MapLayout {
  enum class Kind { kChannelsFirst, kChannelsLast, kTokens } kind = Kind::kChannelsFirst;
  std::int64_t height = 0;
  std::int64_t width = 0;
  /// Tokens in front that lie on no position.
  std::int64_t leading_tokens = 0;
};

/// The layout of a stage's output of the given shape; nothing for an output without positions.
std::optional<MapLayout> layout_of(torch::IntArrayRef shape, const Preprocessing& p);

/// A stage's output, or its gradient, as [N,C,h,w].
torch::Tensor as_grid(const torch::Tensor& values, const MapLayout& layout);

}  // namespace transfer
