#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "configs/config.h"

namespace transfer {

/// The folder one run leaves behind: config.yaml, metrics.jsonl, summary.json, model.pt,
/// predictions_val.csv.
class RunDirectory {
 public:
  /// Makes the folder and writes config.yaml. The name is `config.out`, or
  /// `runs/TIME-DATA-STRATEGY`. Throws OutputError when it exists with content and
  /// `config.overwrite` is false, or when it cannot be written. Overwriting removes the files named
  /// above and nothing else.
  explicit RunDirectory(const Config& config);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path file(const std::string& name) const { return path_ / name; }

  /// Adds one line to metrics.jsonl. Throws OutputError.
  void append_metrics(std::string_view json_line) const;

 private:
  std::filesystem::path path_;
};

}  // namespace transfer
