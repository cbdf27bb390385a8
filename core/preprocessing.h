#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/enum_names.h"

namespace transfer {

// Tensor conventions, the same everywhere in the program:
//   images    [N,C,H,W] float32, RGB (or BGR, one grey channel, or other bands where the backbone
//             says so), normalised as the backbone says, channels-last in memory
//   labels    [N] int64 in [0, classes), 0 without a single class; −1 for a row that does not count
//   targets   [N,K] float32: labels as 0 or 1, or numbers in their own units; undefined for data
//             with one class per image, unless images are mixed, when K = classes
//   features  [N,D] float32
//   logits    [N,classes] float32

/// How an image is brought to the size the network sees.
enum class ResizeRule {
  kShorterSide,  ///< shorter side to `resize` pixels, then the centre crop
  kStretch,      ///< both sides to the input size, which changes the image's proportions
  kPad,          ///< the whole image inside the input size, centred, with black around it
  kCover,        ///< as kShorterSide for inputs that are not square: the image just covers a box
                 ///< of the input's proportions whose shorter side is `resize`, then the crop
};
template <>
inline constexpr std::array<std::string_view, 4> kNames<ResizeRule> = {"shorter_side", "stretch",
                                                                       "pad", "cover"};

/// The order of an image's three colours in the network's input.
enum class ChannelOrder { kRgb, kBgr };
template <>
inline constexpr std::array<std::string_view, 2> kNames<ChannelOrder> = {"rgb", "bgr"};

/// From 0 to which number pixels go before the mean is subtracted.
enum class PixelScale { kOne, k255 };
template <>
inline constexpr std::array<std::string_view, 2> kNames<PixelScale> = {"0-1", "0-255"};

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
  /// 3 for colours, 1 for grey. Any other number: the bands of the image file, as they are stored.
  int channels = 3;
  /// For colours only.
  ChannelOrder order = ChannelOrder::kRgb;
  ResizeRule resize_rule = ResizeRule::kShorterSide;
  /// Shorter side in pixels before the centre crop; used by kShorterSide and kCover.
  std::int64_t resize = 256;
  Interpolation interpolation = Interpolation::kBilinear;
  PixelScale scale = PixelScale::kOne;
  /// One number per channel, in the network's order, for pixels of that scale: network input =
  /// (pixel - mean) / std. The defaults are ImageNet's, as torchvision documents them.
  std::vector<float> mean = {0.485F, 0.456F, 0.406F};
  std::vector<float> std = {0.229F, 0.224F, 0.225F};

  /// For images of more than 8 bits whose files do not say what is black and what is white, as the
  /// training images decided; nothing where no such image was trained on. See SampleTraits.
  std::optional<SampleRange> sample_range = std::nullopt;

  bool operator==(const Preprocessing&) const = default;
};

/// Whether the network reads colours or grey, which every image can be turned into. Others read the
/// bands of the image file.
inline bool reads_colours(const Preprocessing& p) { return p.channels == 3 || p.channels == 1; }

/// A canonical one-line text of all fields, for cache keys.
std::string to_key(const Preprocessing& preprocessing);

}  // namespace transfer
