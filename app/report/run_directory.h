#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/report/event_file.h"
#include "configs/config.h"
#include "core/file_lock.h"
#include "core/run_files.h"

namespace transfer {

/// The epoch of a line of metrics.jsonl; nothing where it is not whole, as after a kill.
std::optional<std::int64_t> epoch_of_line(std::string_view line);

/// The folder of one run: config.yaml, metrics.jsonl, results.csv, summary.json, model.pt,
/// tables of predictions, data.json where layers train, advice.json where measuring chose the
/// strategy, and members where the run joins several models. The folder is locked while one of its
/// objects lives, so that no two processes write to it.
class RunDirectory {
 public:
  /// Whether a folder holds anything but what a killed process leaves behind: its lock and
  /// temporary files. Throws OutputError where it cannot be read.
  static bool is_used(const std::filesystem::path& path);

  /// Whether a process writes to the run directory now. Changes nothing.
  static bool is_being_written(const std::filesystem::path& path);
  /// Whether a process may write there on another machine, whose locks this one need not see: it
  /// has left no sign that it ended.
  static bool may_be_written(const std::filesystem::path& path);

  /// Makes the folder and writes config.yaml. The name is `config.out`, or
  /// `runs/TIME-DATA-STRATEGY`. Throws OutputError when it exists with content and
  /// `config.overwrite` is false, or another process writes to it then; when it cannot be written;
  /// or when, with `config.overwrite`, another process keeps it locked for 20 seconds. Overwriting
  /// removes the files named above, temporary files of killed runs and nothing else.
  static RunDirectory create(const Config& config);

  /// The folder that create() would make. Makes nothing, and throws OutputError where create()
  /// would refuse or could not write.
  static std::filesystem::path planned(const Config& config);

  /// An existing run directory, to resume its run. Throws ConfigError where the folder is none, and
  /// OutputError when another process keeps it locked for 20 seconds.
  static RunDirectory open(const std::filesystem::path& path);

  /// A run directory that another process of the group has made or opened. This process writes
  /// nothing to it.
  static RunDirectory of_other_process(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path file(const std::string& name) const { return path_ / name; }

  /// Writes config.yaml again, once its `auto` settings are decided. Throws OutputError.
  void write_config(const Config& config) const;

  /// Writes the metrics for TensorBoard too, to an EventFile in this folder; "" for none. Called
  /// before the first line.
  void show_in_tensorboard(const std::filesystem::path& folder);

  /// Appends the settings and pictures of the finished run to the event file, if there is one.
  /// Throws OutputError.
  void show_results(std::int64_t epoch, const std::vector<std::string>& pictures) const;

  /// Appends one line to metrics.jsonl, and its row to results.csv. Throws OutputError.
  void append_metrics(std::string_view json_line) const;

  /// Keeps the lines of metrics.jsonl up to that epoch, or without one none, and their rows in
  /// results.csv. Throws OutputError.
  void keep_metrics(std::optional<std::int64_t> last_epoch) const;

  /// The last state of a training, and the weights of its best epoch; removed when the run is
  /// finished.
  std::filesystem::path checkpoint() const { return file(run_file::kCheckpoint); }
  std::filesystem::path best_weights() const { return file(run_file::kBestWeights); }
  void remove_checkpoints() const;

  /// Removes what a run left that was killed after it wrote summary.json: its lock, temporary files
  /// and, unless it `may_go_on` from them, its checkpoints. Nothing while another process has the
  /// folder locked.
  static void clear_finished(const std::filesystem::path& path, bool may_go_on);
  /// Keeps why the run failed, for those who list runs, as far as that is possible; and removes it
  /// when the run goes on.
  void note_failure(const std::string& why) const;
  void forget_failure() const;

  /// Marks a finished run as one that goes on: removes summary.json. Called once its checkpoint is
  /// written.
  void begin_again() const;

  /// Removes the files of a failed run, and the folder where nothing else is in it.
  void discard() const;

 private:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  /// Waits until no other process has the folder locked; removes what killed ones left.
  void lock();

  std::filesystem::path path_;
  bool is_written_here_ = true;
  std::optional<FileLock> lock_;
  std::optional<EventFile> events_;
};

}  // namespace transfer
