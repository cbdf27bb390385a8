#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "configs/config.h"
#include "core/objective.h"
#include "datasets/dataset.h"

namespace transfer {

/// Data as its user has it, not divided any further.
struct ListedData {
  /// As Dataset::classes, of all splits.
  std::vector<std::string> classes;
  std::vector<Sample> samples;
  /// The split of each sample: `train`, `val` or `test`; empty where the data names none.
  std::vector<std::string> splits;
  /// The group of each sample, as the user calls it; empty where it has none.
  std::vector<std::string> groups;
  Findings findings;
};

/// Reads the same data as open_dataset(), and takes it as it is: copies across splits, single
/// classes and classes without a training image are for its reader to look at. Throws DataError
/// where it cannot be read, and for one path under two labels.
ListedData list_data(const DataConfig& config, TargetKind kind = TargetKind::kClass);

}  // namespace transfer
