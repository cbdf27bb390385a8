#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/csv.h"
#include "datasets/labelled_files.h"

namespace transfer {

/// Where the columns of a CSV file are, by position.
struct CsvColumns {
  std::size_t path = 0;
  /// Absent for regression.
  std::optional<std::size_t> label;
  std::optional<std::size_t> split;
  std::optional<std::size_t> group;
  /// For regression.
  std::vector<std::size_t> values;
  /// What was read in a way that the user might not expect.
  std::vector<std::string> notes;
};

/// Finds the columns by their headers: those that the user names, else path, label, split and group
/// in any case, else the one header that says the same (filename, class, …). `rows` are the header,
/// trimmed, and at least one row, all of the same width. Throws DataError naming what was found and
/// a remedy.
CsvColumns find_csv_columns(const std::vector<CsvRow>& rows, const WantedTargets& wanted,
                            const std::filesystem::path& file);

/// The number that the whole text spells, as float32; nothing where it is none or too large.
std::optional<float> parse_number(const std::string& text);

}  // namespace transfer
