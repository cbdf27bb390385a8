#include "app/report/terminal_text.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "core/utf8.h"

namespace transfer {
namespace {

struct CodeRange {
  char32_t first;
  char32_t last;
};

/// Characters of two columns: East Asian scripts, and pictures.
constexpr CodeRange kWide[] = {
    {0x1100, 0x115F}, {0x2E80, 0xA4CF}, {0xA960, 0xA97F}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};

/// Accents that are put on the character before them.
constexpr CodeRange kCombining[] = {
    {0x0300, 0x036F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE20, 0xFE2F}};

template <std::size_t Size>
bool is_in(const CodeRange (&ranges)[Size], char32_t code) {
  return std::any_of(std::begin(ranges), std::end(ranges), [code](const CodeRange& range) {
    return code >= range.first && code <= range.last;
  });
}

std::int64_t columns_of_code(char32_t code) {
  if (is_in(kCombining, code)) return 0;
  return is_in(kWide, code) ? 2 : 1;
}

}  // namespace

TerminalSize terminal_size() {
  winsize size = {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
    return {};
  }
  return {size.ws_row, size.ws_col};
}

std::int64_t columns_of(std::string_view text) {
  std::int64_t columns = 0;
  for (const char32_t code : code_points(text)) columns += columns_of_code(code);
  return columns;
}

std::string cut_to_columns(std::string_view text, std::int64_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  std::string cut;
  std::int64_t left = columns - 1;  // the last one is for the sign
  for (const char32_t code : code_points(text)) {
    left -= columns_of_code(code);
    if (left < 0) break;
    append_utf8(cut, code);
  }
  return columns > 0 ? cut + "…" : "";
}

std::string cut_list_to_columns(std::string_view list, std::int64_t columns) {
  while (columns_of(list) > columns) {
    const auto comma = list.rfind(", ");
    if (comma == std::string_view::npos) break;
    list = list.substr(0, comma);
  }
  return cut_to_columns(list, columns);
}

}  // namespace transfer
