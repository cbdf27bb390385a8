#include "app/batch/batch_folder.h"

#include <fmt/format.h>

#include <sstream>
#include <string_view>

#include "app/report/run_directory.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/messages.h"
#include "core/whole_number.h"

namespace transfer {
namespace fs = std::filesystem;

void BatchFolder::refuse_foreign_runs(const BatchPlan& plan) const {
  std::error_code error;
  const bool is_batch = fs::exists(own_folder(), error);
  for (const char* name : {run_file::kConfig, run_file::kSummary, batch_file::kSummaryTable}) {
    if (is_batch || !is_file(path_ / name)) continue;
    throw OutputError(fmt::format(
        "{}: holds a {} that no batch wrote, so it is the folder of a single run. Choose another "
        "folder with --output.",
        path_.string(), name));
  }
  for (const PlannedJob& planned : plan.jobs) {
    const std::string& name = planned.job.name;
    if (is_file(key_file(name)) || !RunDirectory::is_used(run(name))) continue;
    throw OutputError(
        fmt::format("{}: exists already, and this batch did not make it. Choose another folder "
                    "with --output, or "
                    "another name for the job ({}).",
                    run(name).string(), planned.job.where));
  }
}

void BatchFolder::open() {
  std::error_code error;
  fs::create_directories(own_folder(), error);
  if (error) {
    throw OutputError(fmt::format("{}: cannot be made: {}. Choose another folder with --output.",
                                  own_folder().string(), error.message()));
  }
  constexpr double kSeconds = 5;
  // Locks a file, not the folder: over NFS other machines see only locks of files.
  lock_ = FileLock::take(lock_file(), kSeconds,
                         fmt::format("{}: another batch is running there. Wait for it, stop it, "
                                     "or choose another folder with --output.",
                                     path_.string()));
  remove_temporary_files(own_folder());
  remove_temporary_files(path_);
}

void BatchFolder::make_ready(const BatchPlan& plan, const std::string& batch_file) {
  write_file_atomically(jobs_file(), batch_file);
  for (const PlannedJob& planned : plan.jobs) make_job_ready(planned);
}

void BatchFolder::make_job_ready(const PlannedJob& planned) const {
  const fs::path key = key_file(planned.job.name);
  const fs::path folder = run(planned.job.name);
  // A job with halving gets its epoch whenever it is started; one that is in Slurm keeps it.
  if (!planned.job.halving) set_pause(planned.job.name, 0);
  if (is_file(key)) {
    if (read_file(key) == planned.key) return;
    if (is_file(folder / run_file::kConfig)) {
      note("{}: runs again, since its configuration, data or backbone has changed.",
           planned.job.name);
      RunDirectory::open(folder).discard();
    }
  }
  write_file_atomically(key, planned.key);
}

bool BatchFolder::is_up_to_date(const PlannedJob& planned) const {
  const fs::path key = key_file(planned.job.name);
  return progress(planned.job.name) == JobProgress::kFinished && is_file(key) &&
         read_file(key) == planned.key;
}

JobProgress BatchFolder::progress(const std::string& job) const {
  if (is_file(run(job) / run_file::kSummary)) return JobProgress::kFinished;
  if (is_file(run(job) / run_file::kConfig) && is_file(run(job) / run_file::kCheckpoint)) {
    return JobProgress::kInterrupted;
  }
  return JobProgress::kNothing;
}

void BatchFolder::set_pause(const std::string& job, std::int64_t epoch) const {
  if (epoch > 0) return write_file_atomically(pause_file(job), fmt::format("{}\n", epoch));
  std::error_code error;
  fs::remove(pause_file(job), error);
}

std::int64_t BatchFolder::pause(const std::string& job) const {
  if (!is_file(pause_file(job))) return 0;
  std::string text = read_file(pause_file(job));
  text.erase(text.find_last_not_of('\n') + 1);
  return parse_whole_number(text).value_or(0);
}

std::string BatchFolder::reason(const std::string& job) const {
  constexpr std::string_view kStart = "transfer: ";
  std::string reason;
  if (!is_file(log(job))) return reason;
  std::istringstream lines(read_file(log(job)));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kStart)) reason = line.substr(kStart.size());
  }
  return reason;
}

}  // namespace transfer
