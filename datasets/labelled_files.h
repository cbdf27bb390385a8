#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// A picture with the name of its class and the split the data itself puts it in (`train`, `val`,
/// `test`, or empty where the data does not say).
struct LabelledFile {
  std::string path;
  std::string label;
  std::string split;
};

/// What a reader finds, in a fixed order.
struct LabelledFiles {
  std::vector<LabelledFile> files;
  /// See Dataset.
  std::vector<std::string> skipped_files;
};

/// Reads a folder of class folders, with or without split folders above them. Throws DataError.
LabelledFiles read_folder(const std::filesystem::path& folder);

/// Reads a CSV file with a header that names path, label and optionally split; relative paths
/// start at the CSV's own folder. Throws DataError naming the row.
LabelledFiles read_csv(const std::filesystem::path& file);

/// A file's ending in lower-case ASCII letters, such as ".jpg"; empty where it has none.
std::string lower_case_ending(const std::filesystem::path& file);

/// Whether a file's ending, in any case, is that of a picture format that can be read.
bool has_picture_ending(const std::filesystem::path& file);

/// `train`, `val` or `test` for a split's name as people write it (`valid`, `validation`); empty
/// for another name.
std::string canonical_split(std::string_view name);

}  // namespace transfer
