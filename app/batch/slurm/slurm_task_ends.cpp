// How SlurmLauncher learns how a task ended: from its files and from Slurm's word for its state.

#include <fmt/format.h>

#include "app/batch/slurm/slurm_launcher.h"
#include "core/errors.h"

namespace transfer {
namespace {

/// That of a job which Slurm stopped.
constexpr int kStoppedStatus = status_of(ExitCode::kSigterm);

}  // namespace

bool SlurmLauncher::is_done(std::size_t job) const {
  const std::string& name = plan_.jobs[job].job.name;
  const JobProgress progress = folder_.progress(name);
  return progress == JobProgress::kFinished ||
         (progress == JobProgress::kInterrupted && folder_.pause(name) > 0);
}

std::optional<ExitFile> SlurmLauncher::exit_file(std::size_t job, const Task& task) const {
  auto exit = read_exit_file(folder_.exit_file(plan_.jobs[job].job.name));
  return exit && exit->array == array_of(task.id) ? std::move(exit) : std::nullopt;
}

std::optional<EndedJob> SlurmLauncher::judge(std::size_t job, Task& task,
                                             const std::string& state) {
  const auto file = exit_file(job, task);
  const bool is_out_of_memory = state == "OUT_OF_MEMORY";
  const bool is_finished = folder_.progress(plan_.jobs[job].job.name) == JobProgress::kFinished;
  if (is_finished || (file && file->status == 0 && is_done(job))) {
    return EndedJob{job, 0, JobEnd::kExited, ""};
  }
  if (is_out_of_memory) {
    return EndedJob{job, 137, JobEnd::kExited,
                    "out of memory in Slurm; set slurm.memory to request more"};
  }
  if (file && file->status == kStoppedStatus) return judge_stopped(job, state, file->state);
  if (file && file->status != 0) return EndedJob{job, file->status, JobEnd::kExited, ""};
  if (!file && !state.empty() && state != "COMPLETED" && state != "FAILED") {
    return judge_stopped(job, state, "");
  }
  if (!task.lost) task.lost.emplace();
  const auto delay = static_cast<double>(array_.settings.file_delay_seconds);
  if (task.lost->seconds() < delay) return std::nullopt;
  return EndedJob{job, 1, JobEnd::kExited,
                  fmt::format("left Slurm ({}) without an exit status; see {}",
                              state.empty() ? "which no longer knows it" : state,
                              folder_.own(fmt::format("slurm-{}.log", task.id)).string())};
}

EndedJob SlurmLauncher::judge_stopped(std::size_t job, const std::string& state,
                                      const std::string& word) {
  if (word == kRequeuesSpent) {
    return {job, kStoppedStatus, JobEnd::kStopped,
            fmt::format("stopped by its time limit or by preemption after {} requeues "
                        "(slurm.requeues)",
                        array_.settings.requeues)};
  }
  const bool is_machine =
      state == "TIMEOUT" || state == "PREEMPTED" || state == "NODE_FAIL" || state == "BOOT_FAIL";
  // Slurm told it to stop, and it could not requeue itself, or could not learn whether it should.
  const bool is_refused = state != "CANCELLED" && (word == "RUNNING" || word == "UNKNOWN");
  if (is_machine || is_refused) return taken_away(job, state);
  return {job, kStoppedStatus, JobEnd::kStopped,
          state == "CANCELLED" ? "cancelled in Slurm" : "stopped in Slurm"};
}

EndedJob SlurmLauncher::taken_away(std::size_t job, const std::string& state) {
  const bool is_again = times_taken_[job]++ < array_.settings.requeues;
  return {job, kStoppedStatus, is_again ? JobEnd::kTakenAway : JobEnd::kStopped,
          fmt::format("stopped by Slurm ({})", state.empty() ? "asked to end" : state)};
}

}  // namespace transfer
