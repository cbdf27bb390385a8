#include "app/batch/slurm/slurm_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "app/batch/slurm/command_output.h"
#include "core/errors.h"
#include "core/split_text.h"
#include "core/whole_number.h"

namespace transfer {
namespace {

constexpr const char* kRemedy =
    "--launcher slurm calls Slurm's own commands. Run it on a machine that has them (a login node "
    "of "
    "the cluster; on Debian the package slurm-client), or leave --launcher out to run the jobs "
    "here.";

/// Environment variables that change what Slurm's commands show or how they name jobs, and would
/// hide the batch's own jobs.
const std::vector<std::string> kHidden = {
    "SQUEUE_*",      "SBATCH_JOB_NAME", "SBATCH_ARRAY_INX", "SBATCH_NO_REQUEUE", "SBATCH_OUTPUT",
    "SBATCH_SIGNAL", "SBATCH_CLUSTERS", "SBATCH_WAIT",      "SLURM_CLUSTERS"};

CommandOutput run_slurm(const std::vector<std::string>& arguments) {
  return run_command(arguments, {kRemedy, kHidden});
}

/// `123_4`, not `123` nor `123_[5-7]`.
bool is_task(std::string_view id) {
  const auto parts = split_text(id, '_');
  return parts.size() == 2 && parse_whole_number(parts[0]) && parse_whole_number(parts[1]);
}

/// What a command printed, on one line.
std::string said(const CommandOutput& output) {
  std::string text = output.err.empty() ? output.out : output.err;
  while (text.ends_with('\n')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.empty() ? fmt::format("exit status {}", output.status) : text;
}

}  // namespace

std::vector<SlurmTask> parse_queue(std::string_view lines) {
  std::vector<SlurmTask> tasks;
  for (const std::string_view line : split_text(lines, '\n')) {
    const auto parts = split_text(line, '|');
    if (parts.size() < 4 || !is_task(parts[0])) continue;
    tasks.push_back({std::string(parts[0]), std::string(parts[1]), std::string(parts[2]),
                     std::string(parts[3])});
  }
  return tasks;
}

std::string parse_job(std::string_view line) {
  const std::string_view job = line.substr(0, line.find_first_of(";\n"));
  return parse_whole_number(job) ? std::string(job) : "";
}

std::map<std::string, std::string> parse_accounting(std::string_view lines) {
  std::map<std::string, std::string> states;
  for (const std::string_view line : split_text(lines, '\n')) {
    const auto parts = split_text(line, '|');
    if (parts.size() < 2 || !is_task(parts[0])) continue;
    states[std::string(parts[0])] = std::string(parts[1].substr(0, parts[1].find(' ')));
  }
  return states;
}

std::optional<std::int64_t> parse_largest_index(std::string_view configuration) {
  for (const std::string_view line : split_text(configuration, '\n')) {
    if (!line.starts_with("MaxArraySize")) continue;
    const auto number = parse_whole_number(line.substr(line.find_last_of(' ') + 1));
    return number ? std::optional(*number - 1) : std::nullopt;
  }
  return std::nullopt;
}

bool is_over(std::string_view state) {
  constexpr std::array kOver = {"COMPLETED", "CANCELLED", "FAILED",        "TIMEOUT",  "PREEMPTED",
                                "NODE_FAIL", "BOOT_FAIL", "OUT_OF_MEMORY", "DEADLINE", "REVOKED"};
  return std::find(kOver.begin(), kOver.end(), state) != kOver.end();
}

bool is_pending(std::string_view state) {
  return state == "PENDING" || state == "CONFIGURING" || state.starts_with("REQUEUE") ||
         state == "SPECIAL_EXIT" || state == "RESV_DEL_HOLD";
}

bool is_held(const SlurmTask& task) {
  // JobHeldUser, JobHeldAdmin, JobHoldMaxRequeue, job_requeued_in_held_state …
  constexpr std::array kHolds = {"Held", "held", "Hold"};
  return task.state == "SPECIAL_EXIT" ||
         (is_pending(task.state) &&
          std::any_of(kHolds.begin(), kHolds.end(), [&](const char* word) {
            return task.reason.find(word) != std::string::npos;
          }));
}

std::string array_of(const std::string& task) { return task.substr(0, task.find('_')); }

std::string arrays_of(const std::vector<std::string>& tasks) {
  std::set<std::string> arrays;
  for (const std::string& task : tasks) arrays.insert(array_of(task));
  return fmt::format("{}", fmt::join(arrays, " "));
}

std::string submit_script(const std::filesystem::path& script) {
  const CommandOutput output = run_slurm({"sbatch", "--parsable", script.string()});
  std::string job = output.status == 0 ? parse_job(output.out) : "";
  if (job.empty()) {
    throw BatchError(fmt::format(
        "sbatch did not accept the jobs: {}. The script is {}; its requests come from `slurm:` in "
        "the batch file.",
        said(output), script.string()));
  }
  return job;
}

void require_array_size(std::int64_t jobs) {
  // Slurm's own default; most clusters allow more.
  constexpr std::int64_t kAlwaysAllowed = 1000;
  if (jobs <= kAlwaysAllowed) return;
  const auto largest = parse_largest_index(run_slurm({"scontrol", "show", "config"}).out);
  if (!largest || jobs <= *largest) return;
  throw BatchError(fmt::format(
      "the batch has {} jobs, but this Slurm accepts at most {} in an array (MaxArraySize). Split "
      "the batch file into smaller ones, each with its own --output.",
      jobs, *largest));
}

SlurmQueue ask_queue() {
  const CommandOutput output =
      run_slurm({"squeue", "--noheader", "--all", "--array", "--states=all",
                 fmt::format("--user={}", ::geteuid()), "--format=%i|%T|%j|%r"});
  if (output.status != 0) return {{}, said(output)};
  return {parse_queue(output.out), ""};
}

std::map<std::string, std::string> ask_accounting(const std::string& job) {
  try {
    const CommandOutput output =
        run_slurm({"sacct", "--noheader", "--parsable2", "--allocations", "--array",
                   fmt::format("--jobs={}", job), "--format=JobID,State"});
    if (output.status == 0) return parse_accounting(output.out);
  } catch (const MissingProgram&) {
    // Some installations leave sacct out.
  }
  return {};
}

std::string cancel_tasks(const std::vector<std::string>& ids) {
  if (ids.empty()) return "";
  std::vector<std::string> arguments = {"scancel", "--quiet"};
  arguments.insert(arguments.end(), ids.begin(), ids.end());
  const CommandOutput output = run_slurm(arguments);
  return output.status == 0 ? "" : said(output);
}

}  // namespace transfer
