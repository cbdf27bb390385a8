#pragma once

#include <cstddef>
#include <cstdint>

namespace transfer {

/// CRC-32 as in zip, gzip and PNG files. It finds damage, not malice. `before` is the CRC of the
/// bytes in front of these. 3 GB/s on one core.
std::uint32_t crc32_of(const void* bytes, std::size_t size, std::uint32_t before = 0);

}  // namespace transfer
