#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "configs/config.h"
#include "configs/halving.h"

namespace transfer {

/// One job of a batch file: a run to make.
struct BatchJob {
  /// The name of its run directory in the batch's folder, unique.
  std::string name;
  /// The name without seed and fold: jobs of one group repeat the same settings, and their scores
  /// are averaged.
  std::string group;
  /// What distinguishes it from the other jobs of its matrix, as (key, value).
  std::vector<std::pair<std::string, std::string>> axes;
  /// What the file says about it.
  ConfigSources sources;
  /// The same, resolved.
  Config config;
  /// With halving, the jobs of one contest are compared and the weak ones stop early.
  std::optional<Halving> halving = {};
  std::string contest = {};
  /// Where the file describes it (`jobs.yaml:7`).
  std::string where;
};

/// The jobs of a batch file, in its order; a matrix gives one job for every combination. The keys
/// are in the table in batch_keys.cpp, which `transfer config batch` shows. `strategies` are the
/// names that exist. Throws ConfigError naming file and line.
std::vector<BatchJob> read_batch(const std::filesystem::path& file,
                                 const std::vector<std::string>& strategies);

}  // namespace transfer
