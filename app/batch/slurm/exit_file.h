#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace transfer {

/// What a task of an array wrote at its end (app/batch/slurm/slurm_script.cpp).
struct ExitFile {
  /// Slurm's number of the array.
  std::string array;
  /// Exit status of `transfer`.
  int status = 0;
  /// In Slurm's words, or kRequeuesSpent.
  std::string state;
};

/// Nothing where no task has ended, or one was started again.
std::optional<ExitFile> read_exit_file(const std::filesystem::path& file);

}  // namespace transfer
