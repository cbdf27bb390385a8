#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/errors.h"
#include "core/preprocessing.h"

namespace transfer {

/// A header that claims more pixels than this (2^28) is taken for damage.
inline constexpr std::int64_t kMaxPixels = std::int64_t{1} << 28;

/// What a decoder is given.
struct EncodedImage {
  /// The whole file.
  std::string_view bytes;
  /// The file's name, for messages.
  const std::string& name;
  /// Above 0, a decoder that can do so cheaply may return a smaller image, as long as its shorter
  /// side stays at least twice this number of pixels.
  std::int64_t target_shorter_side = 0;
  /// What is black and white where samples have more than 8 bits and the file does not say.
  std::optional<SampleRange> sample_range = std::nullopt;
};

/// The error for an image that cannot be used: "NAME: reason".
DataError broken_image(const EncodedImage& image, std::string_view reason);

/// Throws DataError where a header claims no pixels, or more than kMaxPixels. Decoders call it
/// before they allocate memory for pixels.
void require_sensible_size(const EncodedImage& image, std::uint64_t width, std::uint64_t height);

}  // namespace transfer
