#include "app/commands/batch_flags.h"

#include "app/commands/flag_checks.h"

namespace transfer {
namespace {

constexpr const char* kSlurmHelp = R"(
--launcher slurm gives what is not finished to Slurm as one array, follows it, and writes the same
summary. The batch file's `slurm:` has partition, account, time, gres, memory, cpus (threads of a
job), jobs (at a time), container, options (further ones of sbatch); examples/batch-slurm.yaml is an
example. A job that Slurm stops (time limit, preemption) writes a checkpoint, is requeued and goes on.
Ctrl-C ends the command, not the jobs: they go on in Slurm, the same command again follows them, and
`scancel NUMBER`, which is said then, stops them with their checkpoints.
Without Slurm, Ctrl-C stops the jobs with their checkpoints, and the same command again goes on.)";

}  // namespace

void add_batch(CLI::App& app, BatchOptions& options) {
  auto* command = app.add_subcommand(
      "batch", "Run the jobs of a YAML file; run again, it goes on where it was stopped");
  command->add_option("file", options.file, "Jobs with their defaults, as examples/batch-*.yaml")
      ->required();
  command->add_option("--out", options.out, "Folder of the run directories and the summary")
      ->required();
  command->footer(kSlurmHelp);
  command->add_option("--launcher", options.launcher, "Where jobs run: local (here) or slurm")
      ->check(one_of({"local", "slurm"}))
      ->capture_default_str();
  command->add_flag("--dry-run", options.dry_run,
                    "With --launcher slurm: print the script and submit nothing");
  command->add_flag(
      "--no-wait", options.no_wait,
      "With --launcher slurm: submit and end; the command without it follows the jobs");
  command
      ->add_option("--jobs", options.jobs,
                   "Jobs at a time; default one, or one a GPU; in Slurm as many as it lets run")
      ->transform(whole_number(1, 4096));
  command
      ->add_option("--threads", options.threads, "Threads shared out to these jobs; 0 is all cores")
      ->transform(whole_number(0, 4096));
  command->add_option("--device", options.device,
                      "auto, cpu, cuda or cuda:N, where a job says nothing of it");
  command->add_option("--retries", options.retries, "Times a job that crashed is started again")
      ->transform(whole_number(0, 1000))
      ->capture_default_str();
  command->add_flag("--fail-fast", options.fail_fast, "Stop all jobs when one has failed");
  command->add_option("--job", options.job, "Run this one job here, numbered from 1")
      ->transform(whole_number(1, 1'000'000'000));
  command->add_flag("--json", options.json, "Print summary.json instead of text");
}

void add_cache(CLI::App& app, CacheOptions& options) {
  auto* command = app.add_subcommand("cache", "Look into a feature store, or make room there");
  command->require_subcommand(1);
  const auto add_folder = [&options](CLI::App* part) {
    part->add_option("folder", options.folder, "The feature store")->capture_default_str();
  };
  auto* list = command->add_subcommand("ls", "What it holds, the last used first");
  add_folder(list);
  list->add_flag("--json", options.json, "JSON on stdout");
  auto* prune = command->add_subcommand("prune", "Remove what is not needed any more");
  add_folder(prune);
  prune->add_option("--unused-days", options.unused_days, "What was not used for so many days")
      ->check(CLI::NonNegativeNumber);
  prune->add_option("--keep-mb", options.keep_mb, "What was used longest ago, beyond so many MB")
      ->transform(whole_number(0, 1'000'000'000));
  prune->add_flag("--all", options.all, "Everything");
}

}  // namespace transfer
