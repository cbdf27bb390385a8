#pragma once

#include <cstdint>
#include <vector>

#include "configs/config.h"
#include "datasets/labelled_files.h"

namespace transfer {

/// For each file the number of its group of copies: images that are the same byte for byte; −1
/// where no other file is. Cheap: files of different sizes differ, files of one size are told apart
/// by a block in their middle, and only what is left is hashed whole (SHA-256). Files that are
/// empty, cannot be read, have more than `max_image_bytes` bytes or are no image by their first
/// bytes have no copies. Throws Interrupted.
std::vector<std::int64_t> copy_groups(const std::vector<LabelledFile>& files,
                                      std::int64_t max_image_bytes = kDefaultMaxImageBytes);

}  // namespace transfer
