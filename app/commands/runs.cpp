#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "app/commands/command.h"
#include "app/commands/flag_checks.h"
#include "app/report/run_table.h"
#include "core/messages.h"
#include "core/visible_text.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

struct RunsOptions {
  std::vector<std::string> folders = {"runs"};
  RunOrder order = RunOrder::kDate;
  bool json = false;
};

/// The name of a run in the list of one folder: its path from there. In that of several folders it
/// is the whole path.
std::string name_in_list(const fs::path& run, const fs::path& folder, bool is_only) {
  const fs::path name = is_only ? run.lexically_relative(folder) : run;
  return name.empty() || name == "." ? run.string() : name.string();
}

int run_runs(const RunsOptions& options) {
  std::vector<NamedRun> runs;
  for (const std::string& folder : options.folders) {
    for (const fs::path& run : find_runs(folder)) {
      runs.push_back({name_in_list(run, folder, options.folders.size() == 1), look_at_run(run)});
    }
  }
  sort_runs(runs, options.order);
  if (options.json) {
    fmt::print("{}", to_json(runs));
  } else if (!runs.empty()) {
    fmt::print("{}", visible_lines(to_text(runs)));
  }
  if (runs.empty()) note("{}: no run directories there.", fmt::join(options.folders, ", "));
  return 0;
}

CommandRun add_runs_flags(CLI::App& parser) {
  auto options = std::make_shared<RunsOptions>();
  parser
      .add_option("folders", options->folders, "Folders at or below which the run directories lie")
      ->capture_default_str();
  add_choice(parser, "--sort", options->order,
             "date (the newest first), score (the best first), time (the longest first) or name")
      ->default_str(std::string(name_of(options->order)));
  parser.add_flag("--json", options->json, "JSON on stdout");
  return [options](const auto&) { return run_runs(*options); };
}

}  // namespace

Command runs_command() {
  return {"runs", "List the runs below a folder with their scores, finished or not",
          add_runs_flags};
}

}  // namespace transfer
