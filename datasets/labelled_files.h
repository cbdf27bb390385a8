#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "configs/column_roles.h"
#include "core/objective.h"
#include "datasets/findings.h"
#include "datasets/image_array.h"

namespace transfer {

/// An image and what the data says about it.
struct LabelledFile {
  std::string path;
  /// The name of its class; for multi-label data any number of names.
  std::vector<std::string> labels;
  /// `train`, `val`, `test`, or empty where the data does not say.
  std::string split;
  /// What it belongs to, such as a patient or a film; empty where the data does not say.
  std::string group = {};
  /// For regression, in the order of `value_names`.
  std::vector<float> values = {};
  /// Line in the CSV file; 0 where the data is not a CSV file.
  std::size_t line = 0;
  /// See Sample.
  std::shared_ptr<const ImageArray> array = nullptr;
  std::int64_t position = 0;
};

/// What a reader finds, in a fixed order.
struct LabelledFiles {
  std::vector<LabelledFile> files;
  /// Notes, warnings and skipped files.
  Findings findings;
  /// For regression, the names of the columns of numbers.
  std::vector<std::string> value_names = {};
  /// Whether the labels are whole numbers and are to be sorted as numbers.
  bool labels_are_numbers = false;
};

/// What a reader is to find for each image.
struct WantedTargets {
  TargetKind kind = TargetKind::kClass;
  /// For regression, the columns to read; empty means every column but path, split and
  /// group.
  std::vector<std::string> columns = {};
  /// Columns that the user names.
  ColumnRoles roles = {};
  /// Whether a finished model predicts them, so that messages advise other data and no settings.
  bool of_model = false;
};

/// Reads a folder of class folders, with or without split folders above them. Throws DataError.
LabelledFiles read_folder(const std::filesystem::path& folder);

/// Reads a CSV file with the columns path, label and optionally split and group, or for regression
/// path, columns of numbers and optionally split and group; see find_csv_columns(). UTF-8, UTF-16
/// and Latin-1; commas, semicolons or tabs; spaces around fields do not count. Relative paths start
/// at the CSV file's folder and may be written with backslashes. Several labels of an image are
/// separated by
/// `|`. Throws DataError naming the row.
LabelledFiles read_csv(const std::filesystem::path& file, const WantedTargets& wanted);

/// Whether the folder holds one of the files that read_idx reads.
bool is_idx_folder(const std::filesystem::path& folder);

/// Reads a folder of MNIST's IDX files, compressed (`.gz`) or not: `train-images-idx3-ubyte` and
/// `train-labels-idx1-ubyte` for training, `t10k-…` for testing; one of the two splits may be
/// absent. The images stay in memory. Format: Y. LeCun, C. Cortes, C. Burges, "The MNIST database
/// of handwritten digits". Throws DataError naming the file, what was found and what to do, also
/// where an image has more than `max_image_bytes` pixels, and where a file claims to hold far more
/// than its size allows.
LabelledFiles read_idx(const std::filesystem::path& folder, std::int64_t max_image_bytes);

/// A file's ending with ASCII letters in lower case, such as ".jpg"; empty where it has none.
std::string lower_case_ending(const std::filesystem::path& file);

/// Whether a file's ending, in any case, is one of image_formats().
bool has_image_ending(const std::filesystem::path& file);

/// `train`, `val` or `test` for a split's name as people write it (`valid`, `Validation`); empty
/// for another name.
std::string canonical_split(std::string_view name);

}  // namespace transfer
