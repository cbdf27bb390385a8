#pragma once

#include <string>
#include <string_view>

namespace transfer {

/// Throws DataError "NAME: reason" when a BMP, TIFF, BigTIFF or WebP file's header claims more than
/// kMaxPixels pixels; nothing is decoded for it. A header that cannot be read, and any other
/// format, is left to the decoder.
void refuse_absurd_size(std::string_view bytes, const std::string& name);

}  // namespace transfer
