#pragma once

#include <filesystem>
#include <string>

#include "app/preparation/preparation.h"
#include "app/report/run_directory.h"
#include "app/report/summary.h"
#include "app/training/epoch_report.h"

namespace transfer {

/// Where a run keeps features: `cache.dir`, or `feature-store` beside the run directory.
std::filesystem::path feature_store_folder(const Config& config, const RunDirectory& run);

/// A summary with what is known before training.
Summary begin_summary(const Preparation& preparation, const RunDirectory& run);

/// Appends an epoch to metrics.jsonl and tells of it as the event "epoch". `epoch_text()` is what
/// people read of it, if they do. Throws OutputError.
void write_epoch(const RunDirectory& run, const EpochReport& report, const std::string& text = "");

/// "epoch 3: val accuracy 88.00 %, val loss 0.4100, …", the most important first.
std::string epoch_text(const EpochReport& report);

}  // namespace transfer
