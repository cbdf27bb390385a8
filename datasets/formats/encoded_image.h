#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "configs/config.h"
#include "core/errors.h"
#include "core/preprocessing.h"

namespace transfer {

/// A header that claims more pixels than this (2^30) is taken for damage whatever the limit of
/// bytes.
inline constexpr std::int64_t kMaxPixels = std::int64_t{1} << 30;

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
  /// The most bytes that its decoded pixels may take (`data.max_image_bytes`).
  std::int64_t max_bytes = kDefaultMaxImageBytes;
};

/// The error for an image that cannot be used: "NAME: reason".
DataError broken_image(const EncodedImage& image, std::string_view reason);

/// Throws DataError where a header claims no pixels, more than kMaxPixels, or more than take
/// `image.max_bytes` bytes at `bytes_per_pixel` each, or if decoding takes `least_bytes`, which are
/// more than that. Decoders call it before they allocate memory for pixels.
void require_sensible_size(const EncodedImage& image, std::uint64_t width, std::uint64_t height,
                           std::uint64_t bytes_per_pixel = 3, std::uint64_t least_bytes = 0);

}  // namespace transfer
