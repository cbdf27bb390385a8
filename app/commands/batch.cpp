#include <fmt/format.h>
#include <torch/cuda.h>

#include <cstdio>

#include "app/batch/batch_folder.h"
#include "app/batch/batch_summary.h"
#include "app/batch/local_launcher.h"
#include "app/batch/scheduler.h"
#include "app/commands/commands.h"
#include "app/compute/process_group.h"
#include "core/atomic_file.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// Runs one job here, from where it was stopped.
int run_one_job(const BatchOptions& options, const std::vector<BatchJob>& jobs) {
  const auto count = static_cast<std::int64_t>(jobs.size());
  if (*options.job < 1 || *options.job > count) {
    throw ConfigError(fmt::format("--job {}: {} has {} jobs, numbered from 1.", *options.job,
                                  options.file, count));
  }
  const BatchJob& job = jobs[static_cast<std::size_t>(*options.job - 1)];
  const BatchFolder folder(options.out);
  const std::string run = folder.run(job.name).string();
  TrainOptions train;
  train.pause_after = folder.pause(job.name);
  if (folder.progress(job.name) == JobProgress::kNothing) {
    train.sources = sources_in_batch(job, run, options.threads, options.device);
  } else {
    train.resume = run;
    if (!options.device.empty() && (job.config.device == "auto" || job.config.device == "cuda")) {
      train.sources.flags.emplace_back("device", options.device);
    }
  }
  return run_train(train, single_process());
}

/// Throws BatchError where not every job is finished.
void require_all_finished(const std::vector<JobResult>& results, const BatchOptions& options) {
  std::int64_t failed = 0;
  std::int64_t open = 0;
  for (const JobResult& result : results) {
    failed += result.state == JobState::kFailed ? 1 : 0;
    open += result.state == JobState::kFinished || result.state == JobState::kPruned ? 0 : 1;
  }
  if (open == 0) return;
  throw BatchError(fmt::format(
      "{} of {} jobs failed, {} more were not finished. Their logs are {}/batch/*.log; the same "
      "command again runs what is not finished.",
      failed, results.size(), open - failed, options.out));
}

}  // namespace

int run_batch(const BatchOptions& options) {
  auto jobs = read_batch(options.file, strategy_choices());
  if (options.job) return run_one_job(options, jobs);
  const BatchPlan plan = plan_batch(std::move(jobs));
  BatchFolder folder(options.out);
  folder.refuse_foreign_runs(plan);
  folder.open(plan, options.file);
  const auto gpus = torch::cuda::is_available() && options.device.empty()
                        ? static_cast<std::int64_t>(torch::cuda::device_count())
                        : 0;
  const LocalShares shares = share_machine(options.jobs, options.threads, gpus);
  std::vector<std::string> names;
  for (const PlannedJob& planned : plan.jobs) names.push_back(planned.job.name);
  LocalLauncher launcher(folder, names, shares);
  StateTable table(names, shares.jobs);
  const auto results =
      run_jobs(plan, folder, launcher, {options.retries, options.fail_fast}, table);
  if (stop_signal() != 0) {
    fmt::print(stderr, "The same command again goes on from here.\n");
    throw_if_stopped();
  }
  const BatchSummary summary{plan, folder, results, rank_groups(plan, results)};
  write_file_atomically(folder.path() / "summary.csv", to_csv(summary));
  write_file_atomically(folder.path() / "summary.json", to_json(summary));
  fmt::print("{}", options.json ? to_json(summary) : to_text(summary));
  require_all_finished(results, options);
  return 0;
}

}  // namespace transfer
