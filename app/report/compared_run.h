#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/report/predictions_of_run.h"
#include "core/objective.h"

namespace transfer {

/// A finished run, as it is compared with others.
struct ComparedRun {
  std::filesystem::path path;
  /// summary.json.
  nlohmann::ordered_json summary;
  std::vector<std::string> classes;
  TargetKind kind = TargetKind::kClass;
  /// metrics.jsonl; "" where it is gone.
  std::string metrics;
  /// Every key of config.yaml and its value there.
  std::vector<std::pair<std::string, std::string>> settings;
  /// `val` or `test`: the split that is compared, and what the run said of its images; nothing
  /// where the table of predictions is gone.
  std::string split;
  std::optional<PredictionsOfRun> predictions;
};

/// The finished runs at or below these folders, such as run directories and folders of batches,
/// each once, in their order. `split` is `val`, `test`, or empty: the test images where all runs
/// have them. Throws ConfigError for a folder without a finished run or a split that a run lacks,
/// and DataError for files that are damaged.
std::vector<ComparedRun> read_compared_runs(const std::vector<std::string>& folders,
                                            std::string split);

}  // namespace transfer
