#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "configs/config.h"
#include "configs/halving.h"

namespace transfer {

/// One job of a batch file: a run to be made.
struct BatchJob {
  /// Its run directory under the batch's folder; no two jobs share one.
  std::string name;
  /// The name without seed and fold: jobs of one group repeat the same settings, and their scores
  /// are averaged.
  std::string group;
  /// What tells it from the other jobs of its matrix, as (key, value).
  std::vector<std::pair<std::string, std::string>> axes;
  /// What the file says of it.
  ConfigSources sources;
  /// The same, resolved.
  Config config;
  /// With halving, jobs of one contest are compared and the weak ones stop early.
  std::optional<Halving> halving = {};
  std::string contest = {};
  /// Where the file describes it (`jobs.yaml:7`).
  std::string where;
};

/// The jobs of a batch file, in its order. It has a list `jobs`, `defaults` for all of them, and
/// `slurm`, which read_slurm_settings reads; a job is a `name`, any keys of the configuration,
/// `preset`, and `matrix`, which makes one job of
/// every combination:
///
///   matrix: {strategy: [freeze-conv, fine-tune], train: {lr: [0.001, 0.0001]}, seeds: 3, folds: 5}
///
/// `seeds: N` is the seeds 1 to N, `folds: K` all parts of a K-fold cross-validation. With
/// `search: {method: random, trials: N, seed: S}` N combinations are drawn, each with all seeds and
/// folds; an axis may then be a range, `{low: 1.0e-5, high: 0.01, scale: log}`. `search: {halving:
/// {epochs: E, factor: F}}`, also beside a method, stops weak combinations early (see Halving).
/// Throws ConfigError naming file and line. `strategies` are the names that exist.
std::vector<BatchJob> read_batch(const std::filesystem::path& file,
                                 const std::vector<std::string>& strategies);

}  // namespace transfer
