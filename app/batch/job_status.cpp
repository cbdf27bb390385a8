#include "app/batch/job_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "models/strategy.h"

namespace transfer {
namespace {

/// The part of a job's epochs that is trained; 0 where it is unknown, as of lbfgs, which converges
/// long before its last iteration.
double trained_share(const Config& config, const JobStatus& status) {
  const auto planned = planned_epochs(config);
  if (!planned || !status.last) return 0;
  const bool counts_epochs = !find_strategy(config.strategy).trunk_is_frozen ||
                             config.train.optimizer != Optimizer::kLbfgs;
  if (!counts_epochs) return 0;
  const double share = static_cast<double>(status.last->epoch) /
                       static_cast<double>(std::max<std::int64_t>(*planned, 1));
  return std::min(share, 1.0);
}

}  // namespace

TimeLeft time_left(const BatchPlan& plan, const std::vector<JobStatus>& statuses) {
  std::map<std::string, std::size_t> open;
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    const BatchJob& job = plan.jobs[i].job;
    if (job.halving && is_open(statuses[i].state)) ++open[job.entry];
  }
  std::vector<JobTime> times;
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    const BatchJob& job = plan.jobs[i].job;
    const JobStatus& status = statuses[i];
    times.push_back({status.state, time_kind(job.config), status.seconds,
                     trained_share(job.config, status), job.halving && open[job.entry] > 1});
  }
  return TimeLeft(std::move(times));
}

std::string epochs_text(const BatchJob& job, const JobStatus& status) {
  if (!status.last) return "";
  const auto planned = planned_epochs(job.config);
  return fmt::format("epoch {}{}", status.last->epoch,
                     planned ? fmt::format(" of {}", *planned) : "");
}

std::string score_text(const JobStatus& status) {
  if (status.scores) return status.scores->score.text(status.scores->val);
  return status.last && status.last->score ? status.last->score->text() : "";
}

}  // namespace transfer
