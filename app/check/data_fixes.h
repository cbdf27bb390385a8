#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/objective.h"
#include "datasets/listed_data.h"

namespace transfer {

/// What a person decided about the images of a data set, in their order.
struct DataFixes {
  /// Whether each image is left out.
  std::vector<bool> is_dropped;
  /// The targets of those that get others: as the column label of a CSV file has them. Nothing for
  /// an image that is given what it has.
  std::vector<std::optional<std::string>> labels;
  std::int64_t dropped = 0;
  std::int64_t relabelled = 0;
};

/// Reads a CSV file with the columns path, action (`drop`, `relabel`, `keep`) and label, as the
/// page of `transfer check` saves it. Paths are those of the data, or start at its folder. `path`
/// is the data's. Throws DataError for a row that names an image that is not in the data, an
/// unknown action or class, and for two rows that contradict each other.
DataFixes read_fixes(const std::filesystem::path& file, const ListedData& data, TargetKind kind,
                     const std::filesystem::path& path);

}  // namespace transfer
