#pragma once

#include <filesystem>

#include "app/preparation/preparation.h"
#include "app/report/run_directory.h"
#include "app/report/summary.h"
#include "app/training/epoch_report.h"

namespace transfer {

/// Where a run keeps features: `cache.dir`, or `feature-store` beside the run directory.
std::filesystem::path feature_store_folder(const Config& config, const RunDirectory& run);

/// A summary with what is known before training.
Summary begin_summary(const Preparation& preparation, const RunDirectory& run);

/// Appends an epoch to metrics.jsonl. Throws OutputError.
void write_epoch(const RunDirectory& run, const EpochReport& report);

}  // namespace transfer
