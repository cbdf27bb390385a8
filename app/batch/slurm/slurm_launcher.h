#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/launcher.h"
#include "app/batch/slurm/exit_file.h"
#include "app/batch/slurm/slurm_script.h"
#include "app/batch/slurm/slurm_submissions.h"
#include "configs/slurm.h"
#include "core/stopwatch.h"

namespace transfer {

/// Runs jobs as tasks of Slurm arrays. The jobs started between two calls of `ended` become one
/// array, which the second call submits. A task's end is known from its exit file, from squeue, and
/// from sacct where squeue has forgotten the task.
class SlurmLauncher : public Launcher {
 public:
  /// `array` says how to write scripts; its names and jobs are filled in here. Starting a job that
  /// is active in `submissions` follows it instead of submitting it again. `say` shows a line to
  /// the user.
  SlurmLauncher(const BatchFolder& folder, const BatchPlan& plan, SlurmArray array,
                SlurmSubmissions submissions, std::function<void(const std::string&)> say);

  LauncherKind kind() const override { return LauncherKind::kSlurm; }
  bool has_room() const override { return true; }
  void start(std::size_t job) override;
  bool is_queued(std::size_t job) const override;
  std::vector<EndedJob> ended() override;
  void stop() override;
  bool jobs_outlive_program() const override { return true; }
  std::string parting_words() const override;

  /// Forgets the arrays that have no job left. To be called when all jobs of the plan have ended.
  void forget_ended();

 private:
  /// A task that has not ended yet.
  struct Task {
    /// `ARRAY_INDEX`
    std::string id;
    /// In Slurm's words.
    std::string state = "PENDING";
    /// Since when its fate is unknown.
    std::optional<Stopwatch> lost = {};
    /// Whether it is held and the user has been told.
    bool is_held = false;
  };

  /// Submits the waiting jobs. Where Slurm refuses them, other jobs are followed meanwhile.
  void submit_waiting();
  void submit();
  /// Learns what became of the array that sbatch seemed to refuse, and follows it where Slurm has
  /// it after all; returns whether there is something to submit now.
  bool settle_refused();
  /// Makes the waiting jobs tasks of this array.
  void follow(const std::string& array);
  void cancel();
  /// The exit file of this very task, not of an earlier one.
  std::optional<ExitFile> exit_file(std::size_t job, const Task& task) const;
  /// Whether a job has left the files of success: its summary, or the checkpoint of its pause.
  bool is_done(std::size_t job) const;
  /// The jobs that succeeded according to their files; asks squeue soon where one failed.
  std::vector<EndedJob> look_at_files();
  std::vector<EndedJob> look_at_queue();
  void say_when_held(const std::set<std::string>& held);
  /// How a task ended that Slurm reports as over, or has forgotten (`state` empty); nothing while
  /// that is unknown.
  std::optional<EndedJob> judge(std::size_t job, Task& task, const std::string& state);
  EndedJob judge_stopped(std::size_t job, const std::string& state, const std::string& word);
  EndedJob taken_away(std::size_t job, const std::string& state);

  const BatchFolder& folder_;
  const BatchPlan& plan_;
  SlurmArray array_;
  SlurmSubmissions submissions_;
  std::function<void(const std::string&)> say_;
  /// Tasks from a previous invocation that were not started in this one, by job.
  std::map<std::size_t, std::string> earlier_;
  /// Whether Slurm has jobs that are no longer in the batch file.
  bool has_strangers_ = false;
  /// Started, but not yet submitted.
  std::vector<std::size_t> waiting_;
  /// Since Slurm refused them.
  std::optional<Stopwatch> refused_;
  std::map<std::size_t, Task> tasks_;
  /// How often each job lost its machine in this invocation.
  std::map<std::size_t, std::int64_t> times_taken_;
  Stopwatch since_files_;
  Stopwatch since_queue_;
  /// Seconds between two calls of squeue; longer while nothing changes.
  double interval_ = 0;
  bool is_silent_ = false;
  bool is_stopping_ = false;
  /// Whether scancel has succeeded.
  bool is_cancelled_ = false;
};

}  // namespace transfer
