#pragma once

#include <string>

#include "app/report/run_directory.h"
#include "app/runs/fine_tune_run.h"

namespace transfer {

/// The text of a finished run's summary.json. Throws DataError where it is damaged or of another
/// format.
std::string finished_summary(const RunDirectory& run);

/// How far the run came, from that text. Throws DataError for a damaged one.
FinishedRun finished_run(const RunDirectory& run, const std::string& summary);

}  // namespace transfer
