#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "configs/config.h"
#include "core/preprocessing.h"
#include "datasets/dataset.h"

namespace transfer {

/// Draws what the network sees and writes it as PNG, whole or not at all: one row per image, with
/// the image itself in the first column and `views` augmented copies beside it, and above the row
/// its caption and the file's name. Throws DataError for an image that cannot be decoded,
/// OutputError, and Interrupted.
void write_contact_sheet(const std::vector<Sample>& samples,
                         const std::vector<std::string>& captions, const AugmentConfig& augment,
                         const Preprocessing& preprocessing, std::int64_t views, std::uint64_t seed,
                         const std::filesystem::path& file);

}  // namespace transfer
