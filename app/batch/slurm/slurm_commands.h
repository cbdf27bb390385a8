#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// A task of an array as squeue lists it.
struct SlurmTask {
  /// `JOB_INDEX`
  std::string id;
  /// `PENDING`, `RUNNING`, `COMPLETED` … as Slurm calls them.
  std::string state;
  /// Name of the array it belongs to.
  std::string name;
  /// Why it waits, as Slurm calls it: `Resources`, `JobHeldUser` …
  std::string reason = {};
};

/// What came of asking squeue.
struct SlurmQueue {
  std::vector<SlurmTask> tasks;
  /// Why it did not answer; empty when it did.
  std::string failure;
};

/// The tasks in lines `JOB_INDEX|STATE|NAME|REASON`; other lines, as of jobs that are no arrays,
/// are passed over.
std::vector<SlurmTask> parse_queue(std::string_view lines);

/// The job that `sbatch --parsable` names: `ID` or `ID;CLUSTER`. Empty when it is none.
std::string parse_job(std::string_view line);

/// The states in sacct's lines `JOB_INDEX|STATE`, by id; of `CANCELLED by 1000` the first word.
std::map<std::string, std::string> parse_accounting(std::string_view lines);

/// The largest index that `scontrol show config` allows in an array, by its line `MaxArraySize =
/// N`; nothing where there is none.
std::optional<std::int64_t> parse_largest_index(std::string_view configuration);

/// Whether a task in this state will not run any more.
bool is_over(std::string_view state);

/// Whether it waits for its turn.
bool is_pending(std::string_view state);

/// Whether it waits for a person to let it go on.
bool is_held(const SlurmTask& task);

/// The array of a task: `123` of `123_4`.
std::string array_of(const std::string& task);

/// The arrays of these tasks, each once, as scancel and scontrol take them: `12 13`.
std::string arrays_of(const std::vector<std::string>& tasks);

// Slurm's own commands. All throw MissingProgram when the command is not installed.

/// Submits a script with sbatch and returns the job's number. Throws BatchError with sbatch's words
/// when it refuses.
std::string submit_script(const std::filesystem::path& script);

/// Throws BatchError where Slurm is known not to take an array of so many jobs.
void require_array_size(std::int64_t jobs);

/// The user's tasks that Slurm has not forgotten, by squeue.
SlurmQueue ask_queue();

/// States by sacct of a job's tasks, by id; nothing where Slurm keeps no accounts.
std::map<std::string, std::string> ask_accounting(const std::string& job);

/// Has tasks stopped by scancel: those that run get SIGTERM and then half a minute. Returns why
/// scancel did not do it; nothing when it did.
std::string cancel_tasks(const std::vector<std::string>& ids);

}  // namespace transfer
