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
  /// The name in the file, to which a matrix appends its values. With halving, the jobs of one
  /// entry are compared and the weak ones stop early.
  std::string entry = {};
  /// What distinguishes it from the other jobs of its matrix, as (key, YAML text).
  std::vector<std::pair<std::string, std::string>> axes;
  /// What the file says about it.
  ConfigSources sources;
  /// The same, resolved.
  Config config;
  std::optional<Halving> halving = {};
  /// Where the file describes it (`jobs.yaml:7`).
  std::string where;

  /// Its value on the axis `key`; empty where its matrix has no such axis.
  std::string value_on(const std::string& key) const;
};

/// Whether the values of an axis repeat a run rather than change it: seeds and folds.
bool is_repeating_axis(const std::string& key);

/// The jobs of a batch file, in its order; a matrix gives one job for every combination. The keys
/// are in the table in batch_keys.cpp, which `transfer config batch` shows. `strategies` are the
/// names that exist. Throws ConfigError naming file and line.
std::vector<BatchJob> read_batch(const std::filesystem::path& file,
                                 const std::vector<std::string>& strategies);

}  // namespace transfer
