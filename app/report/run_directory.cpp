#include "app/report/run_directory.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/report/appended_file.h"
#include "app/report/results_table.h"
#include "app/report/run_place.h"
#include "app/report/run_removal.h"
#include "configs/working_directory.h"
#include "core/atomic_file.h"
#include "core/count_text.h"
#include "core/csv.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/folder_entries.h"
#include "core/messages.h"
#include "core/run_files.h"
#include "core/shell_word.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

/// The message for a folder that another process has locked.
std::string is_written_message(const fs::path& path) {
  return fmt::format(
      "{}: another process is writing to this run directory. Wait for it or stop it, or choose "
      "another folder with --output.",
      path.string());
}

/// Throws ConfigError unless `path` is a folder with a run in it.
void require_run(const RunDirectory& run) {
  const fs::path& path = run.path();
  if (is_file(run.file(run_file::kConfig))) return;
  const std::string given = path.string();
  const fs::path parent = path.parent_path();
  if (is_file(path) && is_file(parent / run_file::kConfig)) {
    throw ConfigError(fmt::format("--resume {}: is a file of a run. Give its folder: --resume {}",
                                  given, shell_word(parent.string())));
  }
  throw ConfigError(fmt::format(
      "--resume {}: {}. Expected the run directory of a run that was stopped or is finished; give "
      "its folder, in which config.yaml lies.",
      given,
      is_folder(path) ? "is not a run directory: it has no config.yaml"
      : is_file(path) ? "is a file"
                      : why_absent(path, "folder")));
}

/// Throws ConfigError where the run's configuration was cut off: what is missing would be taken as
/// left at its default.
void require_whole_config(const RunDirectory& run) {
  const fs::path file = run.file(run_file::kConfig);
  if (read_file(file).ends_with(kConfigEnd)) return;
  throw ConfigError(
      fmt::format("{}: is empty or was cut off: its last line is not '...'. Put the whole file "
                  "back, or start a "
                  "new run.",
                  file.string()));
}

/// The columns of a table that may not exist yet.
std::vector<std::string> columns_of_table(const fs::path& table) {
  std::ifstream stream(table);
  std::string header;
  std::getline(stream, header);
  const auto rows = parse_csv(header, table.string());
  return rows.empty() ? std::vector<std::string>() : rows.front().fields;
}

fs::path default_path(const Config& config) {
  const auto data = fs::path(config.data.path).lexically_normal();
  const auto name = data.has_filename() ? data.stem() : data.parent_path().stem();
  const std::string base = fmt::format("{:%Y%m%d-%H%M%S}-{}-{}", fmt::localtime(std::time(nullptr)),
                                       name.empty() ? "data" : name.string(), config.strategy);
  fs::path path = fs::path("runs") / base;
  for (int i = 2; fs::exists(path); ++i) path = fs::path("runs") / fmt::format("{}-{}", base, i);
  return path;
}

}  // namespace

bool RunDirectory::is_being_written(const fs::path& path) {
  return FileLock::is_held(path / run_file::kLock);
}

bool RunDirectory::may_be_written(const fs::path& path) { return is_file(path / run_file::kLock); }

bool RunDirectory::is_used(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return fs::exists(path, error);
  const auto entries = folder_entries(path, error);
  if (error) {
    throw OutputError(fmt::format(
        "{}: the folder cannot be read: {}. Check its permissions, or choose another folder.",
        path.string(), error.message()));
  }
  return std::any_of(entries.begin(), entries.end(), [](const fs::path& entry) {
    return entry.filename() != run_file::kLock && !is_temporary_file(entry);
  });
}

fs::path RunDirectory::planned(const Config& config) {
  const RunDirectory run(config.out.empty() ? default_path(config) : fs::path(config.out));
  if (!config.overwrite && is_being_written(run.path())) {
    throw OutputError(is_written_message(run.path()));
  }
  refuse_place(run.path(), config);
  warn_of_default_place(run.path(), config);
  require_places(run.path(), config);
  return run.path();
}

RunDirectory RunDirectory::create(const Config& config) {
  RunDirectory run(config.out.empty() ? default_path(config) : fs::path(config.out));
  if (!config.overwrite && is_being_written(run.path())) {
    throw OutputError(is_written_message(run.path()));
  }
  refuse_place(run.path(), config);
  warn_of_default_place(run.path(), config);
  std::error_code error;
  fs::create_directories(run.path(), error);
  if (error) {
    throw OutputError(
        fmt::format("{}: the run directory cannot be made: {}. Choose another folder "
                    "with --output.",
                    run.path().string(), error.message()));
  }
  run.lock();
  refuse_place(run.path(), config);  // another process may have been faster
  run.show_in_tensorboard(config.report.tensorboard);
  remove_run_files(run.path());
  run.write_config(config);
  write_file_atomically(run.file(run_file::kMetrics), "");
  return run;
}

void RunDirectory::show_in_tensorboard(const fs::path& folder) {
  if (!folder.empty() && is_written_here_) events_.emplace(folder, path_);
}

RunDirectory RunDirectory::open(const fs::path& path) {
  RunDirectory run(path);
  require_run(run);
  require_whole_config(run);
  run.lock();
  return run;
}

RunDirectory RunDirectory::of_other_process(const fs::path& path) {
  RunDirectory run(path);
  run.is_written_here_ = false;
  return run;
}

void RunDirectory::lock() {
  constexpr double kSeconds = 20;
  lock_ = FileLock::take(file(run_file::kLock), kSeconds, is_written_message(path_));
  remove_temporary_files(path_);
}

void RunDirectory::write_config(const Config& config) const {
  if (!is_written_here_) return;
  // The folder is not part of what can be repeated, so the copy names none.
  Config repeatable = config;
  repeatable.out.clear();
  repeatable.overwrite = false;
  write_file_atomically(file(run_file::kConfig), to_yaml(repeatable, fs::current_path()));
}

void RunDirectory::show_results(std::int64_t epoch,
                                const std::vector<std::string>& pictures) const {
  if (!events_) return;
  std::vector<fs::path> files;
  for (const std::string& picture : pictures) files.push_back(file(picture));
  events_->append_results(epoch, read_file(file(run_file::kConfig)), files);
}

void RunDirectory::append_metrics(std::string_view json_line) const {
  if (!is_written_here_) return;
  append_to_file(file(run_file::kMetrics), fmt::format("{}\n", json_line));
  if (events_) events_->append_metrics(json_line);
  const fs::path table = file(run_file::kResults);
  const std::string row = result_row(columns_of_table(table), json_line);
  if (!row.empty()) return append_to_file(table, row);
  write_file_atomically(table, results_table(read_file(file(run_file::kMetrics))));
}

std::optional<std::int64_t> epoch_of_line(std::string_view line) {
  const auto object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  const bool is_whole =
      object.is_object() && object.contains("epoch") && object["epoch"].is_number_integer();
  return is_whole ? std::optional(object["epoch"].get<std::int64_t>()) : std::nullopt;
}

void RunDirectory::keep_metrics(std::optional<std::int64_t> last_epoch) const {
  if (!is_written_here_) return;
  const fs::path metrics = file(run_file::kMetrics);
  std::istringstream stream(file_kind(metrics) == FileKind::kNothing ? "" : read_file(metrics));
  std::string kept;
  std::string line;
  std::int64_t found = 0;
  while (last_epoch && std::getline(stream, line)) {
    const auto epoch = epoch_of_line(line);
    if (!epoch || *epoch > *last_epoch) continue;
    kept += line + "\n";
    found += *epoch > 0;
  }
  if (last_epoch && found < *last_epoch) {
    warn("{}: {} of the {} that were trained are missing or damaged; the run goes on without them.",
         metrics.string(), *last_epoch - found,
         count_text(static_cast<std::size_t>(*last_epoch), "epoch"));
  }
  write_file_atomically(metrics, kept);
  if (events_) events_->restart(kept);
  std::error_code ignored;
  if (kept.empty()) {
    fs::remove(file(run_file::kResults), ignored);
  } else {
    write_file_atomically(file(run_file::kResults), results_table(kept));
  }
}

void RunDirectory::remove_checkpoints() const {
  if (!is_written_here_) return;
  std::error_code ignored;
  fs::remove(checkpoint(), ignored);
  fs::remove(best_weights(), ignored);
}

void RunDirectory::clear_finished(const fs::path& path, bool may_go_on) {
  RunDirectory run(path);
  run.lock_ = FileLock::try_take(run.file(run_file::kLock));
  if (!run.lock_) return;
  remove_temporary_files(path);
  if (!may_go_on) run.remove_checkpoints();
}

void RunDirectory::note_failure(const std::string& why) const {
  if (!is_written_here_) return;
  try {
    write_file_atomically(file(run_file::kError), why + "\n");
  } catch (const OutputError&) {
    return;  // the failure itself is what the user must learn of
  }
}

void RunDirectory::forget_failure() const {
  std::error_code ignored;
  if (is_written_here_) fs::remove(file(run_file::kError), ignored);
}

void RunDirectory::begin_again() const {
  if (!is_written_here_) return;
  std::error_code ignored;
  fs::remove(file(run_file::kSummary), ignored);
}

void RunDirectory::discard() const {
  if (!is_written_here_) return;
  remove_run_files(path_);
  if (events_) events_->remove();
  lock_->give_back();
  std::error_code ignored;
  fs::remove(path_, ignored);
}

}  // namespace transfer
