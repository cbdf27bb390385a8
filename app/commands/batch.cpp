#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/batch/batch_comparison.h"
#include "app/batch/batch_folder.h"
#include "app/batch/batch_status.h"
#include "app/batch/batch_summary.h"
#include "app/batch/local/batch_here.h"
#include "app/batch/slurm/batch_in_slurm.h"
#include "app/batch/slurm/slurm_submissions.h"
#include "app/commands/command.h"
#include "app/commands/flag_checks.h"
#include "app/commands/train.h"
#include "app/compute/process_group.h"
#include "app/preparation/backbone_choice.h"
#include "configs/device_choice.h"
#include "configs/slurm.h"
#include "core/atomic_file.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/visible_text.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// Runs one job here, or resumes it from its checkpoint.
int run_one_job(const BatchOptions& options, const std::vector<BatchJob>& jobs) {
  const auto count = static_cast<std::int64_t>(jobs.size());
  if (*options.job < 1 || *options.job > count) {
    throw ConfigError(fmt::format("--job {}: {} has {}, numbered from 1.", *options.job,
                                  options.file, count_text(jobs.size(), "job")));
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
    if (!options.device.empty() && parse_device(job.config.device).takes_any_gpu()) {
      train.sources.flags.emplace_back("device", options.device);
    }
  }
  return run_train(train, single_process());
}

/// Throws ConfigError for flags that the launcher does not use.
void refuse_idle_flags(const BatchOptions& options, bool is_slurm) {
  if (options.dry_run && !is_slurm) {
    throw ConfigError(
        "--dry-run prints what would be submitted to Slurm. Add --launcher slurm, or leave it "
        "out.");
  }
  if (options.no_wait && !is_slurm) {
    throw ConfigError(
        "--no-wait submits jobs to Slurm and exits. Add --launcher slurm, or leave it out: jobs on "
        "this machine end with their batch.");
  }
  if (is_slurm && options.threads > 0) {
    throw ConfigError(fmt::format(
        "--threads {}: with --launcher slurm each job has as many threads as it requests CPUs from "
        "Slurm. Set `slurm: {{cpus: N}}` in {}.",
        options.threads, options.file));
  }
}

/// Throws ConfigError where jobs are compared during training, which needs this process.
void refuse_halving(const std::vector<BatchJob>& jobs) {
  for (const BatchJob& job : jobs) {
    if (!job.halving) continue;
    throw ConfigError(fmt::format(
        "{}: search.halving continues or stops jobs depending on the others' scores, so the batch "
        "must follow them. Leave --no-wait out.",
        job.where));
  }
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
      "{} of {} jobs failed, {} more did not finish. Their logs are {}/*.log. The same "
      "command runs again what is not finished.",
      failed, results.size(), open - failed, BatchFolder(options.out).own_folder().string()));
}

int tell_status(const BatchOptions& options) {
  const BatchStatus status = look_at_batch(options.status, strategy_choices());
  fmt::print("{}", options.json ? to_json(status) : visible_lines(to_text(status)));
  return 0;
}

int run_batch(const BatchOptions& options) {
  if (!options.status.empty()) return tell_status(options);
  auto jobs = read_batch(options.file, strategy_choices());
  const SlurmSettings settings = read_slurm_settings(options.file);
  if (!options.device.empty()) parse_device(options.device);
  if (options.job) return run_one_job(options, jobs);
  const bool is_slurm = options.launcher == LauncherKind::kSlurm;
  refuse_idle_flags(options, is_slurm);
  if (options.no_wait) refuse_halving(jobs);
  // Read now: planning reads all images, and the file may be edited meanwhile.
  const std::string batch_file = read_file(options.file);
  if (options.dry_run) {
    for (const BatchJob& job : jobs) require_exported(job.config);
  }
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
  BatchSummary summary{plan, folder, results, rank_groups(plan, results)};
  summary.has_comparison = write_batch_comparison(summary);
  write_file_atomically(folder.summary_csv(), to_csv(summary));
  write_file_atomically(folder.summary_json(), to_json(summary));
  messages().add_to_result({{"folder", folder.path().string()},
                            {"summary", folder.summary_json().string()},
                            {"jobs", results.size()}});
  fmt::print("{}", options.json ? to_json(summary) : visible_lines(to_text(summary)));
  require_all_finished(results, options);
  return 0;
}

constexpr const char* kSlurmHelp = R"(
--launcher slurm submits the unfinished jobs to Slurm as one array, follows it, and writes the same
summary. `slurm:` in the batch file sets partition, account, time, gres, memory, cpus (threads per
job), jobs (at a time), container, and options (passed to sbatch); see examples/batch-slurm.yaml.
A job that Slurm stops (time limit, preemption) writes a checkpoint, is requeued, and resumes.
Ctrl-C ends this command, but not the jobs: they continue in Slurm, the same command follows them
again, and `scancel NUMBER`, which the command prints, stops them with their checkpoints.
Without Slurm, Ctrl-C stops the jobs with their checkpoints, and the same command resumes them.)";

/// Flags that only --launcher slurm, or the jobs that it starts, use.
void add_slurm_flags(CLI::App& parser, BatchOptions& options) {
  add_choice(parser, "--launcher", options.launcher, "Where jobs run: local (here) or slurm")
      ->default_str(std::string(name_of(options.launcher)));
  parser.add_flag("--dry-run", options.dry_run,
                  "With --launcher slurm: print the script and submit nothing");
  parser.add_flag("--no-wait", options.no_wait,
                  "With --launcher slurm: submit and exit; without this flag the command follows "
                  "the jobs");
}

/// The batch file and the folder, or with --status the folder alone.
void add_folder_flags(CLI::App& parser, BatchOptions& options) {
  auto* file = parser.add_option("file", options.file,
                                 "Jobs with their defaults, as in examples/batch-*.yaml");
  auto* output =
      parser.add_option("--output", options.out, "Folder of the run directories and the summary");
  file->required();
  output->type_name("FOLDER")->required();
  const auto ask = [&options, file, output](const std::string& folder) {
    options.status = folder;
    file->required(false);
    output->required(false);
  };
  parser
      .add_option_function<std::string>(
          "--status", ask,
          "Say how far the batch in that folder has come, while it runs or later; without file and "
          "--output")
      ->type_name("FOLDER")
      ->excludes(file)
      ->excludes(output);
}

CommandRun add_batch_flags(CLI::App& parser) {
  auto options = std::make_shared<BatchOptions>();
  add_folder_flags(parser, *options);
  parser.footer(kSlurmHelp);
  add_slurm_flags(parser, *options);
  parser
      .add_option("--jobs", options->jobs,
                  "Jobs at a time; without it one, or one per GPU; with Slurm as many as it runs")
      ->type_name("N")
      ->transform(whole_number(1, 4096));
  parser.add_option("--threads", options->threads, "Threads that these jobs share; 0 is all cores")
      ->type_name("N")
      ->capture_default_str()
      ->transform(whole_number(0, 4096));
  parser
      .add_option("--device", options->device,
                  "auto, cpu, cuda or cuda:N, for jobs whose settings name none")
      ->type_name("NAME");
  parser.add_option("--retries", options->retries, "Times a job that crashed is started again")
      ->type_name("N")
      ->transform(whole_number(0, 1000))
      ->capture_default_str();
  parser.add_flag("--fail-fast", options->fail_fast, "Stop all jobs when one has failed");
  parser.add_option("--job", options->job, "Run this one job here, numbered from 1")
      ->type_name("N")
      ->transform(whole_number(1, 1'000'000'000));
  parser.add_flag("--json", options->json,
                  "Print summary.json, or the status as JSON, instead of text");
  return [options](const auto&) { return run_batch(*options); };
}

}  // namespace

Command batch_command() {
  return {"batch", "Run the jobs of a YAML file; the same command again resumes it",
          add_batch_flags};
}

}  // namespace transfer
