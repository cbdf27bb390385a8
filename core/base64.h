#pragma once

#include <string>
#include <string_view>

namespace transfer {

/// Bytes in Base64 (RFC 4648, section 4), padded and without line breaks.
std::string base64(std::string_view bytes);

}  // namespace transfer
