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
  /// `PENDING`, `RUNNING`, `COMPLETED` …, in Slurm's words.
  std::string state;
  /// Name of the array it belongs to.
  std::string name;
  /// Why it waits, in Slurm's words: `Resources`, `JobHeldUser` …
  std::string reason = {};
};

/// What squeue answered.
struct SlurmQueue {
  std::vector<SlurmTask> tasks;
  /// Why it did not answer; empty where it did.
  std::string failure;
};

/// The tasks in lines `JOB_INDEX|STATE|NAME|REASON`; ignores other lines, such as those of jobs
/// that are not arrays.
std::vector<SlurmTask> parse_queue(std::string_view lines);

/// The job in the answer of `sbatch --parsable`, `ID` or `ID;CLUSTER`; empty where it names none.
std::string parse_job(std::string_view line);

/// The states in sacct's lines `JOB_INDEX|STATE`, by id; only the first word of `CANCELLED by
/// 1000`.
std::map<std::string, std::string> parse_accounting(std::string_view lines);

/// The largest index that `scontrol show config` allows in an array, by its line `MaxArraySize =
/// N`; nothing where there is none.
std::optional<std::int64_t> parse_largest_index(std::string_view configuration);

/// Whether a task in this state has ended for good.
bool is_over(std::string_view state);

/// Whether a task in this state waits to run.
bool is_pending(std::string_view state);

/// Whether the task waits until somebody releases it.
bool is_held(const SlurmTask& task);

/// The array of a task: `123` of `123_4`.
std::string array_of(const std::string& task);

/// The arrays of these tasks, each once, as scancel and scontrol take them: `12 13`.
std::string arrays_of(const std::vector<std::string>& tasks);

// Slurm's own commands. All throw MissingProgram when the command is not installed.

/// Submits a script with sbatch and returns the job's number. Throws BatchError with sbatch's own
/// message where it refuses.
std::string submit_script(const std::filesystem::path& script);

/// Throws BatchError where Slurm does not accept an array of that size.
void require_array_size(std::int64_t jobs);

/// The user's tasks that squeue still lists.
SlurmQueue ask_queue();

/// The states of a job's tasks by id, from sacct; nothing where Slurm keeps no accounts.
std::map<std::string, std::string> ask_accounting(const std::string& job);

/// Stops tasks by scancel: running ones get SIGTERM and then half a minute. Returns why scancel
/// failed; empty where it did not.
std::string cancel_tasks(const std::vector<std::string>& ids);

}  // namespace transfer
