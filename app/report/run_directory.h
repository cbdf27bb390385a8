#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "configs/config.h"
#include "core/file_lock.h"
#include "core/run_files.h"

namespace transfer {

/// The folder one run leaves behind: config.yaml, metrics.jsonl, summary.json, model.pt,
/// predictions_val.csv; where the strategy was chosen by measuring, advice.json. It is locked while
/// one of its objects lives, so that no two processes write to it.
class RunDirectory {
 public:
  /// Whether a folder has anything in it but a lock that a killed process has left.
  static bool is_used(const std::filesystem::path& path);

  /// Makes the folder and writes config.yaml. The name is `config.out`, or
  /// `runs/TIME-DATA-STRATEGY`. Throws OutputError when it exists with content and
  /// `config.overwrite` is false, when it cannot be written, or when another process goes on
  /// writing to it for 20 seconds. Overwriting removes the files named above and nothing else.
  static RunDirectory create(const Config& config);

  /// An existing one, to go on with. Throws OutputError when it is none, or when another process
  /// goes on writing to it for 20 seconds.
  static RunDirectory open(const std::filesystem::path& path);

  /// One that another process of a group has made or opened: nothing is written to it from here.
  static RunDirectory of_other_process(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path file(const std::string& name) const { return path_ / name; }

  /// Writes config.yaml anew, once what was `auto` in it is decided. Throws OutputError.
  void write_config(const Config& config) const;

  /// Adds one line to metrics.jsonl. Throws OutputError.
  void append_metrics(std::string_view json_line) const;

  /// Cuts metrics.jsonl back to its first `epochs` lines. Throws OutputError.
  void keep_metrics(std::int64_t epochs) const;

  /// The last state of a training that goes on layer by layer, and the weights of its best epoch;
  /// removed when the run is finished.
  std::filesystem::path checkpoint() const { return file(run_file::kCheckpoint); }
  std::filesystem::path best_weights() const { return file(run_file::kBestWeights); }
  void remove_checkpoints() const;

  /// Removes what a run that failed wrote, and the folder where nothing else is in it.
  void discard() const;

 private:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  /// Waits until no other process has the folder.
  void lock();

  std::filesystem::path path_;
  bool is_written_here_ = true;
  std::optional<FileLock> lock_;
};

}  // namespace transfer
