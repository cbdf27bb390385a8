#pragma once

#include <string>
#include <string_view>

namespace transfer {

/// What every PNG file starts with.
inline constexpr std::string_view kPngSignature("\x89PNG\r\n\x1a\n", 8);

/// The PNG with only the chunks that make its pixels (the critical ones and tRNS). Colour profiles
/// and texts are left out, so that libpng neither complains about them on stderr nor unpacks them.
/// Throws DataError "NAME: reason" when the file ends before IEND (libpng as OpenCV uses it would
/// return half an image), when a checksum is wrong, or when the header claims more than kMaxPixels
/// pixels. REQUIRES: `bytes` starts with kPngSignature. Source: PNG (Third Edition), W3C.
std::string keep_image_chunks(std::string_view bytes, const std::string& name);

}  // namespace transfer
