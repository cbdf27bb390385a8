#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "configs/config.h"
#include "core/preprocessing.h"
#include "datasets/dataset.h"

namespace transfer {

/// What stands above a row of a contact sheet.
struct SheetRow {
  std::string text;
  /// Whether the sheet shows the text, and not only the row's number.
  bool is_drawn = true;
};

/// Draws what the network sees and writes it as PNG, whole or not at all: one row per image, with
/// the image itself in the first column and `views` augmented copies beside it, and above the row
/// its number, its caption and the file's name. OpenCV's font is ASCII: of other texts it draws the
/// number alone. Throws DataError for an image that cannot be decoded,
/// OutputError, and Interrupted. Returns its rows.
std::vector<SheetRow> write_contact_sheet(const std::vector<Sample>& samples,
                                          const std::vector<std::string>& captions,
                                          const AugmentConfig& augment,
                                          const Preprocessing& preprocessing, std::int64_t views,
                                          std::uint64_t seed, const std::filesystem::path& file);

}  // namespace transfer
