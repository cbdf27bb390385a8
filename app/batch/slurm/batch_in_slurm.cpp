#include "app/batch/slurm/batch_in_slurm.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/batch/scheduler.h"
#include "app/batch/slurm/slurm_commands.h"
#include "app/batch/slurm/slurm_launcher.h"
#include "app/batch/slurm/slurm_script.h"
#include "core/errors.h"
#include "core/messages.h"

namespace transfer {
namespace {

/// Throws ConfigError for a path that does not fit on one line of a script.
void require_one_line(const std::filesystem::path& path, const char* what) {
  if (fits_on_one_line(path.string())) return;
  throw ConfigError(fmt::format(
      "{} '{}' has a line break or another control character in its name, which a Slurm script "
      "cannot contain. Choose another.",
      what, path.string()));
}

/// How Slurm runs the batch's jobs; the jobs themselves are filled in later.
SlurmArray slurm_array(const BatchOptions& options, const BatchFolder& folder,
                       SlurmSettings settings) {
  if (settings.program.empty()) {
    settings.program = settings.container.empty()
                           ? std::filesystem::read_symlink("/proc/self/exe").string()
                           : kProgramInImage;
  }
  if (options.jobs > 0) settings.jobs = options.jobs;
  SlurmArray array;
  array.settings = std::move(settings);
  array.batch_file = folder.jobs_file();
  array.out = folder.path();
  array.working_folder = std::filesystem::current_path();
  require_one_line(array.out, "--output");
  require_one_line(array.working_folder, "the working folder");
  array.device = options.device;
  return array;
}

}  // namespace

std::string slurm_script(const BatchOptions& options, const BatchPlan& plan,
                         const BatchFolder& folder, const SlurmSettings& settings,
                         const SlurmSubmissions& submissions) {
  SlurmArray array = slurm_array(options, folder, settings);
  array.name = "transfer";
  for (std::size_t job = 0; job < plan.jobs.size(); ++job) {
    if (!folder.is_up_to_date(plan.jobs[job])) array.jobs[job + 1] = plan.jobs[job].job.name;
  }
  std::size_t active = 0;
  for (const ActiveTask& task : submissions.active()) {
    if (const auto job = plan.find(task.job.name)) active += array.jobs.erase(*job + 1);
  }
  if (active > 0) note("Slurm has {} of the jobs already.", active);
  if (!array.jobs.empty()) return array_script(array);
  note("{} of {} jobs are finished; nothing would be submitted.", plan.jobs.size() - active,
       plan.jobs.size());
  return "";
}

std::vector<JobResult> run_in_slurm(const BatchOptions& options, const BatchPlan& plan,
                                    const BatchFolder& folder, const SlurmSettings& settings,
                                    const SlurmSubmissions& submissions) {
  require_array_size(static_cast<std::int64_t>(plan.jobs.size()));
  SlurmArray array = slurm_array(options, folder, settings);
  const std::int64_t jobs_at_once =
      array.settings.jobs > 0 ? array.settings.jobs : static_cast<std::int64_t>(plan.jobs.size());
  StateTable table(plan, folder, {jobs_at_once, /*are_certain=*/false});
  SlurmLauncher launcher(folder, plan, std::move(array), submissions,
                         [](const std::string& text) { note("{}", text); });
  if (!options.no_wait) {
    auto results = run_jobs(plan, folder, launcher, {options.retries, options.fail_fast}, table);
    launcher.forget_ended();
    return results;
  }
  for (std::size_t job = 0; job < plan.jobs.size(); ++job) {
    if (folder.progress(plan.jobs[job].job.name) != JobProgress::kFinished) launcher.start(job);
  }
  launcher.ended();
  note("{}", launcher.parting_words());
  return {};
}

}  // namespace transfer
