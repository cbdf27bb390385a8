#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/launcher.h"
#include "app/batch/slurm/slurm_script.h"
#include "app/batch/slurm/slurm_submissions.h"
#include "configs/slurm.h"
#include "core/stopwatch.h"

namespace transfer {

/// Jobs as tasks of Slurm's arrays. What is started between two calls of `ended` becomes one array,
/// submitted by the second. A task's end is told by its exit file, by squeue, and where squeue has
/// forgotten it, by sacct.
class SlurmLauncher : public Launcher {
 public:
  /// `array` says how scripts are made; its names and jobs are filled in here. A job among the
  /// active ones of `submissions` is followed when it is started, not submitted again. `say` takes
  /// lines for a person.
  SlurmLauncher(const BatchFolder& folder, const BatchPlan& plan, SlurmArray array,
                SlurmSubmissions submissions, std::function<void(const std::string&)> say);

  bool has_room() const override { return true; }
  void start(std::size_t job) override;
  bool is_queued(std::size_t job) const override;
  std::vector<EndedJob> ended() override;
  void stop() override;
  bool jobs_outlive_program() const override { return true; }
  std::string parting_words() const override;

  /// Forgets the arrays of which no job is left. To be called when all jobs of the plan have ended.
  void forget_ended();

 private:
  /// A task that has not ended yet.
  struct Task {
    /// `ARRAY_INDEX`
    std::string id;
    /// As Slurm has it.
    std::string state = "PENDING";
    /// Since when nobody knows what became of it.
    std::optional<Stopwatch> lost = {};
    /// Whether somebody holds it, as the user was told.
    bool is_held = false;
  };
  /// What a task wrote of its end.
  struct ExitFile {
    int status = 0;
    std::string state;
  };

  /// Gives Slurm what is waiting. Where it refuses, other jobs are followed meanwhile.
  void submit_waiting();
  void submit();
  /// Learns what became of the array that sbatch seemed to refuse, and follows it where Slurm has
  /// it all the same; whether there is something to submit now.
  bool settle_refused();
  /// The waiting jobs are tasks of this array now.
  void follow(const std::string& array);
  void cancel();
  /// The exit file of this very task, and no earlier one's.
  std::optional<ExitFile> exit_file(std::size_t job, const Task& task) const;
  /// Whether the files of a job that ended well are there: its summary, or the checkpoint of its
  /// pause.
  bool is_done(std::size_t job) const;
  /// Jobs that are known to have finished well, and the next look at squeue where one failed.
  std::vector<EndedJob> look_at_files();
  std::vector<EndedJob> look_at_queue();
  void say_when_held(const std::set<std::string>& held);
  /// What became of a task that Slurm says is over, or has forgotten (`state` empty); nothing while
  /// that is not known.
  std::optional<EndedJob> judge(std::size_t job, Task& task, const std::string& state);
  EndedJob judge_stopped(std::size_t job, const std::string& state, const std::string& word);
  EndedJob taken_away(std::size_t job, const std::string& state);

  const BatchFolder& folder_;
  const BatchPlan& plan_;
  SlurmArray array_;
  SlurmSubmissions submissions_;
  std::function<void(const std::string&)> say_;
  /// Tasks of an earlier sitting that were not started in this one, by job.
  std::map<std::size_t, std::string> earlier_;
  /// Whether Slurm has jobs that the batch file has no more.
  bool has_strangers_ = false;
  /// Started, and not yet given to Slurm.
  std::vector<std::size_t> waiting_;
  /// Since Slurm refused them.
  std::optional<Stopwatch> refused_;
  std::map<std::size_t, Task> tasks_;
  /// Times that a job was taken away in this sitting.
  std::map<std::size_t, std::int64_t> times_taken_;
  Stopwatch since_files_;
  Stopwatch since_queue_;
  /// Seconds between two questions to squeue: more while nothing changes.
  double interval_ = 0;
  bool is_silent_ = false;
  bool is_stopping_ = false;
  /// Whether scancel has done what it was told.
  bool is_cancelled_ = false;
};

}  // namespace transfer
