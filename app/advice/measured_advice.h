#pragma once

#include <filesystem>

#include "app/advice/advice.h"
#include "app/advice/stage_probes.h"
#include "app/preparation/preparation.h"
#include "configs/config.h"
#include "core/stopwatch.h"

namespace transfer {

/// Advice from measurements, and what is needed to follow it.
struct MeasuredAdvice {
  Advice advice;
  /// The user's configuration with the advised strategy, its preset below the user's own keys, and
  /// the advised cut.
  Config config;
  /// Features and weight decays, which the advised run does not compute again.
  StageProbes probes;
};

/// Probes every stage in one pass over the training images, decides, and estimates the times. An
/// explicit key of `sources` is never overridden. `since_start` runs since the program's start.
/// Validation images are not used. Throws Error.
MeasuredAdvice take_advice(const Preparation& preparation, const ConfigSources& sources,
                           const std::filesystem::path& feature_store,
                           const Stopwatch& since_start);

}  // namespace transfer
