#include "core/visible_text.h"

#include <fmt/format.h>

#include "core/utf8.h"

namespace transfer {
namespace {

/// Marks that change the direction of text, and the line and paragraph separators.
bool is_layout_mark(char32_t point) {
  return (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) ||
         point == 0x200E || point == 0x200F || point == 0x061C || point == 0x2028 ||
         point == 0x2029;
}

std::string shown_character(std::string_view character) {
  const char32_t point = code_points(character).front();
  const bool is_control = point < 0x20 || (point >= 0x7F && point < 0xA0);
  if (point == '\n') return "\\n";
  if (point == '\r') return "\\r";
  if (point == '\t') return "\\t";
  if (is_control) return fmt::format("\\x{:02x}", static_cast<unsigned>(point));
  if (is_layout_mark(point)) return fmt::format("\\u{{{:04x}}}", static_cast<unsigned>(point));
  return std::string(character);
}

/// The bytes of the UTF-8 character that `text` starts with; 0 where it starts with none.
std::size_t character_length(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length) {
    if (is_utf8(text.substr(0, length))) return length;
  }
  return 0;
}

std::string shown_text(std::string_view text, bool keeps_lines) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    const bool is_plain = first >= 0x20 && first < 0x7F;
    const std::size_t length = is_plain ? 1 : character_length(text);
    if (is_plain || (keeps_lines && first == '\n')) {
      shown += text.front();
    } else if (length == 0) {
      shown += fmt::format("\\x{:02x}", first);
    } else {
      shown += shown_character(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return shown;
}

}  // namespace

std::string visible(std::string_view text) { return shown_text(text, /*keeps_lines=*/false); }

std::string visible_lines(std::string_view text) { return shown_text(text, /*keeps_lines=*/true); }

}  // namespace transfer
