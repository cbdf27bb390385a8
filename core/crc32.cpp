#include "core/crc32.h"

#include <zlib.h>

namespace transfer {

std::uint32_t crc32_of(const void* bytes, std::size_t size, std::uint32_t before) {
  return static_cast<std::uint32_t>(::crc32_z(before, static_cast<const Bytef*>(bytes), size));
}

}  // namespace transfer
