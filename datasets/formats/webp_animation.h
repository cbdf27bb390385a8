#pragma once

#include <cstdint>
#include <opencv2/core/types.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace transfer {

/// Whether the first bytes of a WebP announce an animation; false where they are too few.
bool is_webp_animation(std::string_view start);

/// The first frame of an animated WebP.
struct WebpFrame {
  /// A WebP file of its own.
  std::string file;
  /// Where it lies on the canvas.
  cv::Point place;
};

/// Nothing where the file ends before the frame does. REQUIRES: `bytes` is a WebP. Source: Google,
/// "WebP Container Specification".
std::optional<WebpFrame> first_webp_frame(std::string_view bytes);

/// The number of frames of a WebP; 1 where it is no animation.
std::int64_t webp_frames(std::string_view bytes);

}  // namespace transfer
