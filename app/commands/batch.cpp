#include <fmt/format.h>
#include <torch/cuda.h>

#include <cstdio>

#include "app/batch/batch_folder.h"
#include "app/batch/batch_summary.h"
#include "app/batch/local/local_launcher.h"
#include "app/batch/scheduler.h"
#include "app/batch/slurm/slurm_submissions.h"
#include "app/commands/batch_in_slurm.h"
#include "app/commands/commands.h"
#include "app/compute/process_group.h"
#include "configs/slurm.h"
#include "core/atomic_file.h"
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

/// Throws ConfigError for flags that the launcher has no use for.
void refuse_idle_flags(const BatchOptions& options, bool is_slurm) {
  if (options.dry_run && !is_slurm) {
    throw ConfigError(
        "--dry-run prints what would be given to Slurm. Add --launcher slurm, or leave it out.");
  }
  if (options.no_wait && !is_slurm) {
    throw ConfigError(
        "--no-wait leaves jobs to Slurm. Add --launcher slurm, or leave it out: jobs on this "
        "machine end with their batch.");
  }
  if (is_slurm && options.threads > 0) {
    throw ConfigError(fmt::format(
        "--threads {}: with --launcher slurm a job's threads are the processors that it asks "
        "Slurm for: `slurm: {{cpus: N}}` in {}.",
        options.threads, options.file));
  }
}

/// Throws ConfigError where jobs are compared on their way, for which somebody must stay.
void refuse_halving(const std::vector<BatchJob>& jobs) {
  for (const BatchJob& job : jobs) {
    if (!job.halving) continue;
    throw ConfigError(fmt::format(
        "{}: search.halving lets jobs go on or end by what others have come to, so the batch has "
        "to follow them. Leave --no-wait out.",
        job.where));
  }
}

std::vector<JobResult> run_here(const BatchOptions& options, const BatchPlan& plan,
                                const BatchFolder& folder) {
  const auto gpus = torch::cuda::is_available() && options.device.empty()
                        ? static_cast<std::int64_t>(torch::cuda::device_count())
                        : 0;
  const LocalShares shares = share_machine(options.jobs, options.threads, gpus);
  LocalLauncher launcher(folder, plan.names(), shares);
  StateTable table(plan.names(), shares.jobs);
  return run_jobs(plan, folder, launcher, {options.retries, options.fail_fast}, table);
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
  const SlurmSettings settings = read_slurm_settings(options.file);
  if (options.job) return run_one_job(options, jobs);
  const bool is_slurm = options.launcher == "slurm";
  refuse_idle_flags(options, is_slurm);
  if (options.no_wait) refuse_halving(jobs);
  // As it is now: planning reads all images, and meanwhile the file may be edited.
  const std::string batch_file = read_file(options.file);
  const BatchPlan plan = plan_batch(std::move(jobs), /*run_here=*/!is_slurm);
  BatchFolder folder(options.out);
  folder.refuse_foreign_runs(plan);
  if (options.dry_run) {
    SlurmSubmissions submissions(folder.own_folder());
    submissions.look_at_active();
    submissions.refuse_changed_jobs(plan);
    fmt::print("{}", slurm_script(options, plan, folder, settings, submissions));
    return 0;
  }
  folder.open();
  SlurmSubmissions submissions(folder.own_folder());
  submissions.find_active();
  is_slurm ? submissions.refuse_changed_jobs(plan) : submissions.refuse_active_jobs();
  folder.make_ready(plan, batch_file);
  const auto results = is_slurm ? run_in_slurm(options, plan, folder, settings, submissions)
                                : run_here(options, plan, folder);
  if (options.no_wait) return 0;
  const BatchSummary summary{plan, folder, results, rank_groups(plan, results)};
  write_file_atomically(folder.path() / "summary.csv", to_csv(summary));
  write_file_atomically(folder.path() / "summary.json", to_json(summary));
  fmt::print("{}", options.json ? to_json(summary) : to_text(summary));
  require_all_finished(results, options);
  return 0;
}

}  // namespace transfer
