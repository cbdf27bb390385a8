#pragma once

#include <filesystem>

#include "app/advice/advice.h"
#include "app/advice/stage_probes.h"
#include "app/preparation/preparation.h"
#include "configs/config.h"
#include "core/stopwatch.h"

namespace transfer {

/// What was found out by measuring, and how to go on with it.
struct MeasuredAdvice {
  Advice advice;
  /// The user's configuration with the advised strategy, its preset below the user's own keys, and
  /// the advised cut.
  Config config;
  /// Features and weight decays that the advised run need not compute again.
  StageProbes probes;
};

/// Probes every stage in one pass over the training images, decides, and estimates the times. An
/// explicit key of `sources` is never overridden. `since_start` runs since the program's start.
/// Validation images are not looked at. Throws Error.
MeasuredAdvice take_advice(const Preparation& preparation, const ConfigSources& sources,
                           const std::filesystem::path& feature_store,
                           const Stopwatch& since_start);

}  // namespace transfer
