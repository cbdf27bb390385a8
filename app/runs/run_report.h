#pragma once

#include <optional>

#include "app/runs/report_explanations.h"
#include "app/runs/split_results.h"

namespace transfer {

/// Writes report.html of a run whose metrics are in the summary. Returns whether it did: a report
/// that cannot be written is warned of and costs nothing else. Throws Interrupted.
bool write_run_report(const Preparation& preparation, const RunDirectory& run,
                      const SplitOutputs& val, const std::optional<SplitOutputs>& test,
                      const Summary& summary, const Explanation& explanation);

}  // namespace transfer
