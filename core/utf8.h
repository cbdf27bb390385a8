#pragma once

#include <string>
#include <string_view>

namespace transfer {

/// Whether `text` is well-formed UTF-8 (RFC 3629), which JSON needs. File names need not be.
bool is_utf8(std::string_view text);

/// The code points of well-formed UTF-8; bytes that are none stand for themselves.
std::u32string code_points(std::string_view text);

/// Adds a code point to `text`.
void append_utf8(std::string& text, char32_t code_point);

/// `text` as ASCII that any terminal can show: other bytes become \xNN.
std::string escaped(std::string_view text);

}  // namespace transfer
