#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/enum_names.h"

namespace transfer {

// Tensor conventions, the same everywhere in the program:
//   images    [N,C,H,W] float32, RGB (or one grey channel where the backbone says so), normalised
//             as the backbone says, channels-last in memory
//   labels    [N] int64 in [0, classes), 0 without a single class; −1 for a row that does not count
//   targets   [N,K] float32: labels as 0 or 1, or numbers in their own units; undefined for data
//             with one class per image, unless images are mixed, when K = classes
//   features  [N,D] float32
//   logits    [N,classes] float32

/// How an image is brought to the size the network sees.
enum class ResizeRule {
  kShorterSide,  ///< shorter side to `resize` pixels, then the centre crop
  kStretch,      ///< both sides to the input size, which changes the image's proportions
};
template <>
inline constexpr std::array<std::string_view, 2> kNames<ResizeRule> = {"shorter_side", "stretch"};

/// How pixels are computed when an image is enlarged. Shrinking always averages over areas.
enum class Interpolation { kArea, kBilinear, kBicubic };
template <>
inline constexpr std::array<std::string_view, 3> kNames<Interpolation> = {"area", "bilinear",
                                                                          "bicubic"};

/// The sample values that become black and white; values outside of them are cut off.
struct SampleRange {
  double black = 0;
  double white = 1;

  bool operator==(const SampleRange&) const = default;
};

/// What a backbone's weights expect of an image. It travels inside the model file.
struct Preprocessing {
  /// Height and width in pixels.
  std::int64_t height = 224;
  std::int64_t width = 224;
  /// 3 for RGB, 1 for grey.
  int channels = 3;
  ResizeRule resize_rule = ResizeRule::kShorterSide;
  /// Shorter side in pixels before the centre crop; used by kShorterSide.
  std::int64_t resize = 256;
  Interpolation interpolation = Interpolation::kBilinear;
  /// Per channel, for pixels scaled to 0–1: network input = (pixel - mean) / std. The defaults are
  /// ImageNet's, as torchvision documents them.
  std::array<float, 3> mean = {0.485F, 0.456F, 0.406F};
  std::array<float, 3> std = {0.229F, 0.224F, 0.225F};

  /// For images of more than 8 bits whose files do not say what is black and what is white, as the
  /// training images decided; nothing where no such image was trained on. See SampleTraits.
  std::optional<SampleRange> sample_range = std::nullopt;

  bool operator==(const Preprocessing&) const = default;
};

/// A canonical one-line text of all fields, for cache keys.
std::string to_key(const Preprocessing& preprocessing);

}  // namespace transfer
