#include "models/map_layout.h"

#include <algorithm>
#include <vector>

#include "models/surgery.h"

namespace transfer {
namespace {

/// Tokens form a grid of the image's proportions behind at most a few others.
std::optional<MapLayout> layout_of_tokens(std::int64_t tokens, const Preprocessing& p) {
  constexpr std::int64_t kMostLeading = 16;
  for (std::int64_t leading = 0; leading <= std::min(kMostLeading, tokens - 1); ++leading) {
    const std::int64_t positions = tokens - leading;
    for (std::int64_t height = 1; height <= positions; ++height) {
      const std::int64_t width = positions / height;
      if (height * width == positions && height * p.width == width * p.height) {
        return MapLayout{MapLayout::Kind::kTokens, height, width, leading};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<MapLayout> layout_of(torch::IntArrayRef shape, const Preprocessing& p) {
  const auto positions = pooled_dimensions(shape);
  if (positions == std::vector<std::int64_t>{2, 3}) {
    return MapLayout{MapLayout::Kind::kChannelsFirst, shape[2], shape[3], 0};
  }
  if (positions == std::vector<std::int64_t>{1, 2}) {
    return MapLayout{MapLayout::Kind::kChannelsLast, shape[1], shape[2], 0};
  }
  if (positions == std::vector<std::int64_t>{1}) return layout_of_tokens(shape[1], p);
  return std::nullopt;
}

torch::Tensor as_grid(const torch::Tensor& values, const MapLayout& layout) {
  switch (layout.kind) {
    case MapLayout::Kind::kChannelsFirst: return values;
    case MapLayout::Kind::kChannelsLast: return values.permute({0, 3, 1, 2});
    case MapLayout::Kind::kTokens: break;
  }
  const std::int64_t positions = layout.height * layout.width;
  return values.narrow(1, layout.leading_tokens, positions)
      .transpose(1, 2)
      .reshape({values.size(0), -1, layout.height, layout.width});
}

}  // namespace transfer
