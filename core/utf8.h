#pragma once

#include <string>
#include <string_view>

namespace transfer {

/// Whether `text` is well-formed UTF-8 (RFC 3629), which JSON needs. File names need not be.
bool is_utf8(std::string_view text);

/// `text` as ASCII that any terminal can show: other bytes become \xNN.
std::string escaped(std::string_view text);

}  // namespace transfer
