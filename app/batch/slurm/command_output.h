#pragma once

#include <string>
#include <vector>

#include "core/errors.h"

namespace transfer {

/// What a program that has ended said.
struct CommandOutput {
  /// Exit status, 128 + N where signal N ended it.
  int status = 0;
  std::string out;
  std::string err;
};

/// A program that is not there; nothing was run.
class MissingProgram : public BatchError {
 public:
  using BatchError::BatchError;
};

/// How a program is run.
struct CommandOptions {
  /// What to do where there is no such program.
  std::string remedy;
  /// Variables of the environment that the program must not see: names, or beginnings of names that
  /// end in `*`.
  std::vector<std::string> hidden = {};
  /// Seconds after which the program is killed.
  double seconds = 120;
};

/// Runs a program found on PATH with these arguments, the first of which is its name, and waits for
/// its end. No shell sees the arguments, and a terminal's Ctrl-C does not reach the program, which
/// gets two seconds more when this one is told to stop. One that was killed says so in `err`.
/// Throws MissingProgram, and std::system_error when no process can be made.
CommandOutput run_command(const std::vector<std::string>& arguments, const CommandOptions& options);

}  // namespace transfer
