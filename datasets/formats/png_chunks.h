#pragma once

#include <string>

#include "datasets/formats/encoded_image.h"

namespace transfer {

/// The PNG with only the chunks that make its pixels: the critical ones and tRNS. Without colour
/// profiles and texts libpng has nothing to unpack that is not needed; without the frames of an
/// animation the first image remains. Throws DataError where the file ends before IEND, where a
/// checksum is wrong, or where the header claims more than kMaxPixels pixels. REQUIRES: `image`
/// starts with PNG's signature. Source: PNG (Third Edition), W3C.
std::string keep_image_chunks(const EncodedImage& image);

}  // namespace transfer
