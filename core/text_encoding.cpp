#include "core/text_encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "core/errors.h"
#include "core/utf8.h"

namespace transfer {
namespace {

using namespace std::string_view_literals;

/// Windows-1252 in 0x80 to 0x9F; the five bytes without a letter keep their number, as in Latin-1.
constexpr std::array<char32_t, 32> kWindowsLetters = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

std::string from_latin1(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    append_utf8(text, byte >= 0x80 && byte < 0xA0 ? kWindowsLetters[byte - 0x80U] : byte);
  }
  return text;
}

/// The 16-bit unit at `position`.
char32_t utf16_unit(std::string_view bytes, std::size_t position, bool big_endian) {
  const auto first = static_cast<unsigned char>(bytes[position]);
  const auto second = static_cast<unsigned char>(bytes[position + 1]);
  return big_endian ? first * 256U + second : second * 256U + first;
}

/// Nothing where the bytes are no UTF-16.
std::optional<std::string> from_utf16(std::string_view bytes, bool big_endian) {
  if (bytes.size() % 2 != 0) return std::nullopt;
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    char32_t value = utf16_unit(bytes, i, big_endian);
    if (value >= 0xDC00 && value <= 0xDFFF) return std::nullopt;
    if (value >= 0xD800 && value <= 0xDBFF) {
      i += 2;
      if (i >= bytes.size()) return std::nullopt;
      const char32_t low = utf16_unit(bytes, i, big_endian);
      if (low < 0xDC00 || low > 0xDFFF) return std::nullopt;
      value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(text, value);
  }
  return text;
}

void refuse_nul(std::string_view text, const std::string& name) {
  if (text.find('\0') == std::string_view::npos) return;
  throw DataError(
      fmt::format("{}: holds NUL bytes, so it is no text, or UTF-16 without a byte order mark. "
                  "Save it as UTF-8.",
                  name));
}

}  // namespace

DecodedText decode_text(std::string_view bytes, const std::string& name) {
  if (bytes.starts_with("\xFF\xFE\0\0"sv) || bytes.starts_with("\0\0\xFE\xFF"sv)) {
    throw DataError(fmt::format("{}: is UTF-32. Save it as UTF-8.", name));
  }
  const bool big_endian = bytes.starts_with("\xFE\xFF"sv);
  if (big_endian || bytes.starts_with("\xFF\xFE"sv)) {
    auto text = from_utf16(bytes.substr(2), big_endian);
    if (!text) {
      throw DataError(fmt::format(
          "{}: its byte order mark says UTF-16, but it is cut short or damaged. Save it as UTF-8.",
          name));
    }
    refuse_nul(*text, name);
    return {*std::move(text), "UTF-16"};
  }
  refuse_nul(bytes, name);
  if (is_utf8(bytes)) return {std::string(bytes), ""};
  return {from_latin1(bytes), "Latin-1"};
}

std::string latin1_bytes(std::string_view utf8) {
  std::string bytes;
  for (const char32_t letter : code_points(utf8)) {
    const auto windows = std::find(kWindowsLetters.begin(), kWindowsLetters.end(), letter);
    if (windows != kWindowsLetters.end()) {
      bytes.push_back(static_cast<char>(0x80 + (windows - kWindowsLetters.begin())));
    } else if (letter < 0x80 || (letter >= 0xA0 && letter <= 0xFF)) {
      bytes.push_back(static_cast<char>(letter));
    } else {
      return "";
    }
  }
  return bytes;
}

}  // namespace transfer
