#include "core/utf8.h"

#include <fmt/format.h>

#include <cstdint>

namespace transfer {
namespace {

/// Bytes of the sequence that `first` begins; 0 if no sequence does.
std::size_t sequence_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

/// Neither overlong, nor a surrogate, nor beyond U+10FFFF. REQUIRES: a sequence of that length.
bool is_code_point(std::uint32_t value, std::size_t length) {
  if (length == 3) return value >= 0x800 && (value < 0xD800 || value > 0xDFFF);
  return length != 4 || (value >= 0x10000 && value <= 0x10FFFF);
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t length = sequence_length(first);
    if (length == 0 || text.size() - i < length) return false;
    std::uint32_t value = length == 1 ? first : first & (0x7FU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      if ((byte & 0xC0U) != 0x80U) return false;
      value = (value << 6) | (byte & 0x3FU);
    }
    if (!is_code_point(value, length)) return false;
    i += length;
  }
  return true;
}

std::u32string code_points(std::string_view text) {
  std::u32string points;
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    std::size_t length = sequence_length(first);
    if (length == 0 || text.size() - i < length || !is_utf8(text.substr(i, length))) length = 1;
    char32_t value = length == 1 ? first : first & (0x7FU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      value = (value << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    }
    points.push_back(value);
    i += length;
  }
  return points;
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto add = [&text](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  const auto continued = [](char32_t bits) { return 0x80 | (bits & 0x3F); };
  if (code_point < 0x80) {
    add(code_point);
  } else if (code_point < 0x800) {
    add(0xC0 | (code_point >> 6));
    add(continued(code_point));
  } else if (code_point < 0x10000) {
    add(0xE0 | (code_point >> 12));
    add(continued(code_point >> 6));
    add(continued(code_point));
  } else {
    add(0xF0 | (code_point >> 18));
    add(continued(code_point >> 12));
    add(continued(code_point >> 6));
    add(continued(code_point));
  }
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      result.push_back(c);
    } else {
      result += fmt::format("\\x{:02X}", byte);
    }
  }
  return result;
}

}  // namespace transfer
