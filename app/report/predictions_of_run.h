#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/training/scored_images.h"

namespace transfer {

/// What a run said of the images of a split, as predictions_val.csv or predictions_test.csv holds
/// it.
struct PredictionsOfRun {
  /// As they stand in the table, absolute where they were relative to `folder`.
  std::vector<std::string> paths;
  ScoredImages images;
};

/// Reads such a table of a model with these outputs; relative paths are meant from `folder`. Throws
/// DataError, naming the file and the line, where it is not one.
PredictionsOfRun read_predictions(const std::filesystem::path& file,
                                  const std::vector<std::string>& classes, TargetKind kind,
                                  const std::filesystem::path& folder);

}  // namespace transfer
