#include "app/batch/batch_comparison.h"

#include "app/report/run_comparison.h"
#include "core/errors.h"
#include "core/messages.h"

namespace transfer {

bool write_batch_comparison(const BatchSummary& summary) {
  std::vector<std::string> runs;
  for (std::size_t i = 0; i < summary.results.size(); ++i) {
    if (summary.results[i].state != JobState::kFinished) continue;
    runs.push_back(summary.folder.run(summary.plan.jobs[i].job.name).string());
  }
  if (runs.size() < 2) return false;
  try {
    const auto compared = read_compared_runs(runs, "");
    write_comparison_page(compare_runs(compared), summary.folder.comparison());
    return true;
  } catch (const Interrupted&) {
    throw;
  } catch (const Error& error) {
    warn("{}: the runs are not compared: {}", summary.folder.comparison().string(), error.what());
    return false;
  }
}

}  // namespace transfer
