#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace transfer {

/// The number in the four bytes from `offset` on, most significant first. REQUIRES: bytes has them.
inline std::uint32_t big_endian(std::string_view bytes, std::size_t offset) {
  std::uint32_t number = 0;
  for (const char byte : bytes.substr(offset, 4)) {
    number = number << 8 | static_cast<unsigned char>(byte);
  }
  return number;
}

}  // namespace transfer
