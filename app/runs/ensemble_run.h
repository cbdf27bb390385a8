#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/preparation/preparation.h"
#include "app/report/run_directory.h"
#include "app/report/summary.h"

namespace transfer {

/// A finished run that is joined with others.
struct MemberRun {
  std::filesystem::path directory;
  std::string strategy;
};

/// Joins finished runs of the same data to one model that answers with the mean of their
/// predictions (write_ensemble()), measures it on the validation and test images, and writes
/// model.pt, the tables of predictions and the report. `preparation` is that of one of them.
/// Returns the summary without its times. Throws Error. REQUIRES: at least one member.
Summary run_ensemble(const Preparation& preparation, const RunDirectory& run,
                     const std::vector<MemberRun>& members);

}  // namespace transfer
