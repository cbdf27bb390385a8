#pragma once

#include <optional>

#include "app/runs/report_explanations.h"
#include "app/runs/split_results.h"

namespace transfer {

/// What explains the images of the run's report; nothing where none is wanted. Throws Interrupted.
/// REQUIRES: no other thread copies or changes a TorchScript module meanwhile, which LibTorch does
/// not allow.
ReportExtras explain_run(const Preparation& preparation, const SplitOutputs& val,
                         const std::optional<SplitOutputs>& test, const Explanation& explanation,
                         const Summary& summary);

/// Writes report.html of a run whose metrics are in the summary, if it is wanted, and notes it
/// there. A report that cannot be written is warned of and costs nothing else. Throws Interrupted.
void write_run_report(const Preparation& preparation, const RunDirectory& run,
                      const SplitOutputs& val, const std::optional<SplitOutputs>& test,
                      ReportExtras extras, Summary& summary);

}  // namespace transfer
