#pragma once

#include <cstdint>

#include "models/backbone.h"

namespace transfer {

/// The built-in backbone `flatten`, which has no pretrained weights. Its features are the pixels,
/// scaled to 0–1: images [N,channels,H,W] → [N, channels · H · W], each channel row by row. Images
/// of another size are stretched. `channels` is 1 (grey) or 3 (RGB).
Backbone flatten_backbone(std::int64_t height, std::int64_t width, int channels);

}  // namespace transfer
