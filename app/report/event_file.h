#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// The event file by which TensorBoard shows a run: `FOLDER/RUN/events.out.tfevents.transfer`. It
/// grows with the run's metrics.jsonl and gets the run's settings and pictures at its end.
class EventFile {
 public:
  /// `run` is the run directory, whose name is that of the run.
  EventFile(const std::filesystem::path& folder, const std::filesystem::path& run);

  /// Begins anew with these lines of metrics.jsonl. Throws OutputError.
  void restart(std::string_view json_lines) const;

  /// Appends a line of metrics.jsonl: its numbers as scalars at its epoch, such as `loss/train` and
  /// `accuracy/val` for `train_loss` and `val_accuracy`. Throws OutputError.
  void append_metrics(std::string_view json_line) const;

  /// Appends the settings as text, and PNG files as images, at the step of `epoch`. A picture that
  /// cannot be read is left out. Throws OutputError.
  void append_results(std::int64_t epoch, const std::string& config_yaml,
                      const std::vector<std::filesystem::path>& pictures) const;

  /// Removes the file, and its folder where nothing else is in it.
  void remove() const;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace transfer
