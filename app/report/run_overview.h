#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/training/metrics.h"
#include "core/enum_names.h"

namespace transfer {

/// How a run stands, by what its directory holds.
enum class RunState {
  kFinished,
  kRunning,     ///< a process writes to the directory
  kStopped,     ///< it can be resumed
  kFailed,      ///< by itself, and it can be resumed nevertheless
  kUnreadable,  ///< a file of it is damaged or of another format
};
template <>
inline constexpr std::array<std::string_view, 5> kNames<RunState> = {
    "finished", "running", "stopped", "failed", "unreadable"};

/// A run as a list of runs shows it.
struct RunOverview {
  std::filesystem::path path;
  RunState state = RunState::kFinished;
  /// Why it failed or is unreadable.
  std::string reason = {};
  std::string strategy = {};
  std::string backbone = {};
  /// The path of its data.
  std::string data = {};
  /// Of the model that was kept; while the run is not finished, of the last epoch.
  std::optional<Score> val = {};
  std::optional<Score> test = {};
  /// Of a finished run.
  std::optional<std::int64_t> best_epoch = {};
  /// So many are trained.
  std::optional<std::int64_t> epochs = {};
  /// Of all invocations; while it is not finished, of its training alone.
  std::optional<double> seconds = {};
  /// When it ended or was written to last, in seconds since 1970.
  std::int64_t date = 0;
};

/// The run directories at or below `folder`, in no order: at most kDeepest folders down, not
/// through symbolic links, hidden folders, feature stores or the files of batches, and not inside
/// of run directories. Throws DataError where `folder` is none that can be read, and Interrupted.
std::vector<std::filesystem::path> find_runs(const std::filesystem::path& folder);

/// The finished ones of them, in the order of their paths. Throws likewise, and ConfigError where
/// there is none.
std::vector<std::filesystem::path> finished_runs(const std::filesystem::path& folder);

/// Reads few and small files, and changes nothing. Files that cannot be read make it kUnreadable.
RunOverview look_at_run(const std::filesystem::path& run_directory);

}  // namespace transfer
