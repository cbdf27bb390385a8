#pragma once

#include <string>
#include <string_view>

namespace transfer {

/// The columns that a terminal gives to `text`: two for a wide character, none for a combining one.
/// Bytes that are not UTF-8 and control characters count as one each. Independent of the locale.
std::size_t display_width(std::string_view text);

/// `text` with spaces behind it, up to `width` columns.
std::string padded(std::string_view text, std::size_t width);

/// `text`, cut off at a character's end and with `…` where it takes more than `width` columns.
std::string shortened(std::string_view text, std::size_t width);

}  // namespace transfer
