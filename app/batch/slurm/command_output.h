#pragma once

#include <string>
#include <vector>

#include "core/errors.h"

namespace transfer {

/// What a program printed, and how it ended.
struct CommandOutput {
  /// Exit status, or 128 + N where signal N ended it.
  int status = 0;
  std::string out;
  std::string err;
};

/// A program that is not installed; nothing was run.
class MissingProgram : public BatchError {
 public:
  using BatchError::BatchError;
};

/// How to run a program.
struct CommandOptions {
  /// What the user can do where the program is missing.
  std::string remedy;
  /// Environment variables to hide from the program: names, or prefixes that end in `*`.
  std::vector<std::string> hidden = {};
  /// Seconds after which the program is killed.
  double seconds = 120;
};

/// Runs a program found on PATH with these arguments, the first of which is its name, and waits for
/// its end. No shell sees the arguments, and a terminal's Ctrl-C does not reach the program; when
/// this program is told to stop, it gets two more seconds. `err` says so where it was killed.
/// Throws MissingProgram, and std::system_error when no process can be made.
CommandOutput run_command(const std::vector<std::string>& arguments, const CommandOptions& options);

}  // namespace transfer
