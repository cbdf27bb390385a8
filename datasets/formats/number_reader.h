#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace transfer {

/// Reads unsigned numbers of either byte order.
struct NumberReader {
  std::string_view bytes;
  bool little_endian;

  /// The number of `size` bytes at `offset`; nothing where the bytes end before it does.
  /// REQUIRES: size <= 8.
  std::optional<std::uint64_t> read(std::uint64_t offset, std::size_t size) const {
    if (offset > bytes.size() || bytes.size() - offset < size) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t position = little_endian ? offset + size - 1 - i : offset + i;
      value = (value << 8) | static_cast<unsigned char>(bytes[position]);
    }
    return value;
  }
};

}  // namespace transfer
