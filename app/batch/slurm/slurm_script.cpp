#include "app/batch/slurm/slurm_script.h"

#include <fmt/format.h>

#include <vector>

#include "core/batch_files.h"
#include "core/shell_word.h"

namespace transfer {
namespace {

/// Escapes sbatch's `%` patterns.
std::string without_patterns(const std::string& text) {
  std::string plain;
  for (const char letter : text) plain += letter == '%' ? "%%" : std::string(1, letter);
  return plain;
}

/// The path of a file in the batch's own folder, relative to the working folder.
std::string in_own_folder(const SlurmArray& array, const std::string& name) {
  return (array.out / batch_file::kOwnFolder / name).string();
}

std::string directives(const SlurmArray& array) {
  const SlurmSettings& s = array.settings;
  std::string text;
  const auto add = [&text](const std::string& option) {
    text += fmt::format("#SBATCH {}\n", option);
  };
  const auto add_text = [&add](const char* option, const std::string& value) {
    if (!value.empty()) add(fmt::format("--{}={}", option, shell_word(value)));
  };
  const auto log = array.working_folder / array.out / batch_file::kOwnFolder;
  add_text("job-name", array.name);
  add(fmt::format("--array={}{}", array_indexes(array.jobs),
                  s.jobs > 0 ? fmt::format("%{}", s.jobs) : ""));
  add(fmt::format("--output={}", shell_word(without_patterns(log.lexically_normal().string()) +
                                            "/slurm-%A_%a.log")));
  add("--open-mode=append");
  add("--requeue");
  add(fmt::format("--signal=B:TERM@{}", s.checkpoint_seconds));
  add("--ntasks=1");
  add(fmt::format("--cpus-per-task={}", s.cpus));
  add_text("partition", s.partition);
  add_text("account", s.account);
  add_text("time", s.time);
  add_text("gres", s.gres);
  add_text("mem", s.memory);
  for (const std::string& option : s.options) add(option);
  return text;
}

std::string name_lines(const SlurmArray& array) {
  std::string text = "names=(\n";
  for (const auto& [number, name] : array.jobs) {
    text += fmt::format("  [{}]={}\n", number, shell_word(name));
  }
  return text + ")\n";
}

/// The command of a task, without what differs between tasks.
std::string task_command(const SlurmArray& array) {
  std::vector<std::string> words;
  const SlurmSettings& s = array.settings;
  if (!s.container.empty()) {
    words = s.container_command;
    words.push_back(s.container);
  }
  words.insert(words.end(), {s.program, "batch", array.batch_file.string(), "--output",
                             array.out.string(), "--threads", fmt::format("{}", s.cpus)});
  if (!array.device.empty()) words.insert(words.end(), {"--device", array.device});
  std::string text;
  for (const std::string& word : words) text += shell_word(word) + " ";
  return text + "--job \"$SLURM_ARRAY_TASK_ID\"";
}

/// What follows the names; doubled braces are single ones after formatting.
constexpr const char* kTask = R"(
cd {folder} || exit 1
name=${{names[SLURM_ARRAY_TASK_ID]}}
task=${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID
ending={own}$name.exit
rm -f "$ending"
unset ${{!SQUEUE_@}}
state() {{
  for pause in 2 5 0; do squeue --noheader --all --jobs="$task" --format=%T && return; sleep $pause; done
}}

{command} < /dev/null >> {own}"$name.log" 2>&1 &
job=$!
# When time is nearly up, Slurm signals only this script. When it ends a task itself, it signals all its processes,
# and a second signal would end the job without a checkpoint.
asked=
trap 'asked=1; case $(state) in RUNNING | "") kill -TERM "$job" ;; esac' TERM
until wait "$job"; status=$?; [ -z "$asked" ]; do asked=; done

state=$(state)
if [ "$status" -eq 143 ] && [ "$state" = RUNNING ]; then
  if [ "${{SLURM_RESTART_COUNT:-0}}" -ge {requeues} ]; then
    state={spent}
  elif scontrol requeue "$task"; then
    exit 143
  fi
fi
echo "$SLURM_ARRAY_JOB_ID $status ${{state:-UNKNOWN}}" > "$ending.tmp" && mv "$ending.tmp" "$ending"
exit "$status"
)";

}  // namespace

std::string array_indexes(const std::map<std::size_t, std::string>& jobs) {
  std::string text;
  for (auto job = jobs.begin(); job != jobs.end();) {
    const std::size_t first = job->first;
    std::size_t last = first;
    while (++job != jobs.end() && job->first == last + 1) ++last;
    text += fmt::format("{}{}", text.empty() ? "" : ",", first);
    if (last > first) text += fmt::format("-{}", last);
  }
  return text;
}

std::string array_script(const SlurmArray& array) {
  return fmt::format(
             "#!/bin/bash\n# Written by `transfer batch --launcher slurm`. Task N of the array is "
             "job N of the batch file.\n{}\n{}",
             directives(array), name_lines(array)) +
         fmt::format(fmt::runtime(kTask), fmt::arg("folder", shell_word(array.working_folder)),
                     fmt::arg("own", shell_word(in_own_folder(array, ""))),
                     fmt::arg("command", task_command(array)),
                     fmt::arg("requeues", array.settings.requeues),
                     fmt::arg("spent", kRequeuesSpent));
}

}  // namespace transfer
