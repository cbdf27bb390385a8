#pragma once

#include <cstddef>
#include <cstdint>

namespace transfer::fuzz {

/// A libFuzzer mutation of an image's bytes; returns their new size. It makes the checksums of a
/// PNG's chunks right, so that the file is read further than to the first of them, but for one
/// `seed` in eight.
std::size_t mutate_image(std::uint8_t* data, std::size_t size, std::size_t capacity, unsigned seed);

/// Changes the bytes of one entry of a zip archive without compression, in place and within its
/// size, and makes its checksum right. Returns whether there is such an entry.
bool mutate_zip_entry(std::uint8_t* data, std::size_t size, unsigned seed);

}  // namespace transfer::fuzz
