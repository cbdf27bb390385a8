#include "app/report/run_overview.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "app/report/last_epoch.h"
#include "app/report/metrics_report.h"
#include "app/report/run_directory.h"
#include "configs/working_directory.h"
#include "core/atomic_file.h"
#include "core/batch_files.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/folder_entries.h"
#include "core/run_files.h"
#include "core/run_format.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Folders below the one that is searched.
constexpr int kDeepest = 6;

/// Two of a run's files are enough: a user may have removed one, and other programs have a
/// config.yaml too.
bool is_run_directory(const fs::path& folder) {
  constexpr std::array kFilesOfRun = {run_file::kConfig, run_file::kMetrics, run_file::kSummary};
  return std::count_if(kFilesOfRun.begin(), kFilesOfRun.end(),
                       [&folder](const char* name) { return is_file(folder / name); }) >= 2;
}

bool may_hold_runs(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return !name.starts_with('.') && name != batch_file::kFeatureStore &&
         name != batch_file::kOwnFolder;
}

void search(const fs::path& folder, int deepest, std::vector<fs::path>& found) {
  throw_if_stopped();
  if (is_run_directory(folder)) {
    found.push_back(folder);
    return;
  }
  if (deepest == 0) return;
  std::error_code ignored;  // a folder that this user may not read holds no runs for them
  for (const fs::path& inner : subfolders(folder, ignored)) {
    if (may_hold_runs(inner)) search(inner, deepest - 1, found);
  }
}

/// The score of a split in summary.json; nothing where it is NaN or missing.
std::optional<Score> score_in(const json& summary, const char* split) {
  const auto metrics = summary.find(split);
  if (metrics == summary.end() || !metrics->is_object()) return std::nullopt;
  const auto name = find_score(*metrics, "");
  if (!name) return std::nullopt;
  const json& value = metrics->at(std::string(name->key));
  return value.is_number() ? std::optional(Score{*name, value.get<double>()}) : std::nullopt;
}

/// The seconds since 1970 of "2026-01-31T23:59:59Z"; 0 for another text.
std::int64_t parse_date(const std::string& text) {
  std::tm time{};
  const char* const end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time);
  return end != nullptr && *end == '\0' ? static_cast<std::int64_t>(::timegm(&time)) : 0;
}

/// When a file was changed last; 0 where there is none.
std::int64_t date_of(const fs::path& file) {
  struct stat facts = {};
  return ::stat(file.c_str(), &facts) == 0 ? static_cast<std::int64_t>(facts.st_mtime) : 0;
}

/// The first line, without its break.
std::string first_line(std::string text) {
  text.resize(std::min(text.find('\n'), text.size()));
  return text;
}

void read_summary(const fs::path& file, RunOverview& run) {
  const json summary = json::parse(read_file(file));
  const auto text = [&summary](const char* key) { return summary.at(key).get<std::string>(); };
  require_run_format(summary, file, "Train again: " + train_again_command(run.path));
  run.strategy = text("strategy");
  run.backbone = text("backbone");
  run.data = summary.at("data").value("path", "");
  run.val = score_in(summary, "val");
  run.test = score_in(summary, "test");
  run.best_epoch = summary.at("best_epoch").get<std::int64_t>();
  run.epochs = summary.at("epochs").get<std::int64_t>();
  run.seconds = summary.at("seconds").at("total").get<double>();
  if (const auto date = parse_date(summary.value("date", "")); date > 0) run.date = date;
}

void read_unfinished(RunOverview& run) {
  const fs::path error = run.path / run_file::kError;
  run.state = RunState::kStopped;
  if (RunDirectory::is_being_written(run.path)) {
    run.state = RunState::kRunning;
  } else if (is_file(error)) {
    run.state = RunState::kFailed;
    run.reason = first_line(read_file(error));
  }
  if (const auto last = read_last_epoch(run.path)) {
    run.epochs = last->epoch;
    run.val = last->score;
    run.seconds = last->seconds;
  }
  const auto values =
      glance_at_config(run.path / run_file::kConfig, {"strategy", "backbone", "data.path"});
  run.strategy = values[0];
  run.backbone = values[1];
  run.data = values[2];
}

}  // namespace

std::vector<fs::path> find_runs(const fs::path& folder) {
  if (!is_folder(folder)) {
    throw DataError(fmt::format("{}: {}. Expected a folder with run directories, such as runs.",
                                folder.string(),
                                is_file(folder) ? "is a file" : why_absent(folder, "folder")));
  }
  std::error_code error;
  subfolders(folder, error);
  if (error) {
    throw DataError(fmt::format("{}: the folder cannot be read: {}. Check its permissions.",
                                folder.string(), error.message()));
  }
  std::vector<fs::path> found;
  search(folder, kDeepest, found);
  return found;
}

std::vector<fs::path> finished_runs(const fs::path& folder) {
  std::vector<fs::path> found = find_runs(folder);
  std::sort(found.begin(), found.end());
  const std::size_t all = found.size();
  std::erase_if(found, [](const fs::path& run) { return !is_file(run / run_file::kSummary); });
  if (!found.empty()) return found;
  throw ConfigError(fmt::format(
      "{}: {}. Expected a run directory with {}, or a folder with such run directories.",
      folder.string(), all == 0 ? "no run is there" : "its runs are not finished",
      run_file::kSummary));
}

RunOverview look_at_run(const fs::path& run_directory) {
  RunOverview run{run_directory};
  const fs::path summary = run_directory / run_file::kSummary;
  const bool is_finished = is_file(summary);
  run.date =
      std::max(date_of(run_directory / run_file::kConfig),
               date_of(run_directory / (is_finished ? run_file::kSummary : run_file::kMetrics)));
  try {
    is_finished ? read_summary(summary, run) : read_unfinished(run);
  } catch (const json::exception&) {
    run.state = RunState::kUnreadable;
    run.reason = fmt::format("{}: is damaged, or not the summary of a run", summary.string());
  } catch (const Error& error) {
    run.state = RunState::kUnreadable;
    run.reason = error.what();
  }
  return run;
}

}  // namespace transfer
