#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/training/score_name.h"
#include "core/enum_names.h"

namespace transfer {

/// The state of a job.
enum class JobState {
  kWaiting,
  kRunning,
  kPaused,  ///< until the other jobs of its contest have reached the same epoch
  kFinished,
  kFailed,
  kStopped,
  kPruned,  ///< stopped early, since others did better
};

template <>
inline constexpr std::array<std::string_view, 7> kNames<JobState> = {
    "waiting", "running", "paused", "finished", "failed", "stopped", "pruned"};

/// Whether a batch that runs has yet to run it.
constexpr bool is_open(JobState state) {
  return state == JobState::kWaiting || state == JobState::kRunning || state == JobState::kPaused;
}

/// The numbers in a finished run's summary.json that jobs are compared by.
struct RunScores {
  ScoreName score = kAccuracy;
  double val = 0;
  double val_loss = 0;
  std::optional<double> test;
  std::optional<double> test_loss;
  std::string strategy;
  std::int64_t best_epoch = 0;
  double seconds = 0;
  double peak_memory_mb = 0;
  /// Whether train.time_limit ended it, so that it can train on from its checkpoint.
  bool was_stopped_by_time = false;
};

/// Reads the scores of a finished run. Throws DataError when summary.json is damaged, or of another
/// format.
RunScores read_scores(const std::filesystem::path& run_directory);

/// The validation score of a run after one epoch.
struct EpochScore {
  ScoreName score = kAccuracy;
  double value = 0;
  double loss = 0;
};

/// The scores after each epoch so far, without epoch 0, from metrics.jsonl; none where there is no
/// such file yet. NaN counts as the worst there is. Throws DataError when the file is damaged, or
/// of another format.
std::vector<EpochScore> read_epoch_scores(const std::filesystem::path& run_directory);

/// The epochs, or iterations of lbfgs on frozen features, that a job trains if nothing ends it
/// earlier; nothing where its strategy is yet to be chosen.
std::optional<std::int64_t> planned_epochs(const Config& config);

/// A job at the end of the batch.
struct JobResult {
  JobState state = JobState::kWaiting;
  /// Why it failed, in the job's own words, or why it was pruned.
  std::string reason;
  std::optional<RunScores> scores;
};

}  // namespace transfer
