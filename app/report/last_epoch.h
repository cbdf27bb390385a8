#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "app/training/metrics.h"

namespace transfer {

/// The last line of a run's metrics.jsonl.
struct LastEpoch {
  /// 0 is the start, before any step.
  std::int64_t epoch = 0;
  /// On the validation images; nothing where it is NaN.
  std::optional<Score> score = {};
  /// Since training began, all invocations together.
  double seconds = 0;
};

/// The last line that was written to its end; nothing where there is none, or none of this format.
/// Reads the end of the file alone.
std::optional<LastEpoch> read_last_epoch(const std::filesystem::path& run_directory);

}  // namespace transfer
