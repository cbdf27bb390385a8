#pragma once

#include <cstddef>
#include <cstdint>

namespace transfer::fuzz {

/// Makes the checksums of a PNG's chunks right, so that a changed file is read further than to the
/// first of them. Leaves other bytes as they are.
void mend_png_checksums(std::uint8_t* data, std::size_t size);

/// Changes the bytes of one entry of a zip archive without compression, in place and within its
/// size, and makes its checksum right. Returns whether there is such an entry.
bool mutate_zip_entry(std::uint8_t* data, std::size_t size, unsigned seed);

}  // namespace transfer::fuzz
