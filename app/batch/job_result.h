#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/batch/batch_folder.h"

namespace transfer {

/// What a job has come to.
enum class JobState {
  kWaiting,
  kRunning,
  kPaused,  ///< until the other jobs of its contest have come as far
  kFinished,
  kFailed,
  kStopped,
  kPruned,  ///< stopped early: weaker than those that go on
};

/// `waiting`, `running`, `paused`, `finished`, `failed`, `stopped`, `pruned`
std::string state_name(JobState state);

/// The numbers of a finished run that jobs are compared by, from its summary.json.
struct RunScores {
  /// `top1`, `map` or `r2`; higher is better.
  std::string score;
  double val = 0;
  double val_loss = 0;
  std::optional<double> test;
  std::optional<double> test_loss;
  std::string strategy;
  std::int64_t best_epoch = 0;
  double seconds = 0;
  double peak_memory_mb = 0;
};

/// Reads the scores of a finished run. Throws DataError when summary.json is damaged.
RunScores read_scores(const std::filesystem::path& run_directory);

/// How a run did on the validation images after one epoch.
struct EpochScore {
  /// As RunScores::score.
  std::string score;
  double value = 0;
  double loss = 0;
};

/// The scores after each epoch so far, from metrics.jsonl; none where there is no such file yet. A
/// number that was none counts as the worst there is. Throws DataError when the file is damaged.
std::vector<EpochScore> read_epoch_scores(const std::filesystem::path& run_directory);

/// A job at the end of the batch.
struct JobResult {
  JobState state = JobState::kWaiting;
  /// Why it failed, in the job's own words, or was pruned.
  std::string reason;
  std::optional<RunScores> scores;
};

/// "accuracy 95.42 %", "mAP 0.9123", "R² 0.5213"
std::string score_text(const std::string& score, double value);

}  // namespace transfer
