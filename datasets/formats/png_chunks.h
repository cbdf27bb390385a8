#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "datasets/formats/encoded_image.h"

namespace transfer {

/// The PNG with only the chunks that make its pixels: the critical ones and tRNS. Without colour
/// profiles and texts libpng has nothing to unpack that is not needed; without the frames of an
/// animation the first image remains. Throws DataError where the file ends before IEND, where a
/// checksum is wrong, or where the header is missing or claims too many pixels. REQUIRES: `image`
/// starts with PNG's signature. Source: PNG (Third Edition), W3C.
std::string keep_image_chunks(const EncodedImage& image);

/// Whether a PNG, of which the header is there, has samples of 16 bits.
bool png_has_16_bits(std::string_view bytes);

/// The most significant bits of its colours by the chunk sBIT; 0 where it has none.
int png_significant_bits(std::string_view bytes);

/// Whether pixels may be transparent: it has an alpha channel, or names transparent colours (tRNS).
bool png_has_alpha(std::string_view bytes);

/// The frames of an animation by the chunk acTL, which comes before the image; else 1.
std::int64_t png_frames(std::string_view bytes);

/// Whether the first bytes of a PNG hold every chunk before the image's data.
bool shows_all_of_png(std::string_view start);

}  // namespace transfer
