#pragma once

#include <cstdint>
#include <filesystem>

#include "app/check/data_fixes.h"

namespace transfer {

/// How images get into a cleaned folder. The originals stay as they are.
enum class Transport { kCopy, kLink };

/// Writes the data with these fixes into a new folder, DIR/SPLIT/CLASS/IMAGE or DIR/CLASS/IMAGE
/// where the data names no splits. An image whose name is taken is called NAME-2.ENDING, and so on.
/// The folder appears complete or not at all. Returns the number of images. Throws OutputError
/// where something is there already or it cannot be written, DataError where an image is gone or a
/// class loses all its images, ConfigError for data that has no class folders, and Interrupted.
std::int64_t write_cleaned_folder(const ListedData& data, const DataFixes& fixes, TargetKind kind,
                                  const std::filesystem::path& folder, Transport transport);

/// Writes the data with these fixes as a CSV file that names the original images, with the columns
/// path, label or the numbers, and split and group where the data has them. Returns the number of
/// images. Throws OutputError where something is there already, DataError where a class loses all
/// its images, and ConfigError for images in memory.
std::int64_t write_cleaned_table(const ListedData& data, const DataFixes& fixes, TargetKind kind,
                                 const std::filesystem::path& file);

}  // namespace transfer
