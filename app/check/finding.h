#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/enum_names.h"

namespace transfer {

/// What may be wrong with an image of a data set, the gravest first.
enum class Fault {
  kBroken,          ///< cannot be read
  kLeak,            ///< the same picture is in another split
  kTwoLabels,       ///< the same picture has another label
  kLabelError,      ///< the label is probably wrong
  kExactDuplicate,  ///< another image is the same, byte for byte
  kNearDuplicate,   ///< another image shows the same picture
  kOutlier,         ///< is like no other image
  kOneShade,        ///< nearly constant
  kDark,
  kBlurry,
  kCropped,      ///< the centre crop cuts much of it off
  kOtherEnding,  ///< the file's ending belongs to another format
};
template <>
inline constexpr std::array<std::string_view, 12> kNames<Fault> = {
    "broken",  "leak",      "two_labels", "label_error", "exact_duplicate", "near_duplicate",
    "outlier", "one_shade", "dark",       "blurry",      "cropped",         "other_ending"};

/// One image and what may be wrong with it.
struct Finding {
  Fault fault = Fault::kBroken;
  /// Position of the image in the list.
  std::size_t image = 0;
  /// Leaks, duplicates, two labels: the other image.
  std::optional<std::size_t> other = std::nullopt;
  /// How sure or how grave it is; higher is worse, and only findings of one fault compare.
  double score = 0;
  /// Label errors: the class that fits better.
  std::optional<std::int64_t> suggested = std::nullopt;
};

}  // namespace transfer
