#pragma once

#include <string>
#include <vector>

namespace transfer {

/// What a program that has ended said.
struct CommandOutput {
  /// Exit status, 128 + N where signal N ended it.
  int status = 0;
  std::string out;
  std::string err;
};

/// Runs a program found on PATH with these arguments, the first of which is its name, and waits for
/// its end. No shell sees the arguments, and a terminal's Ctrl-C does not reach the program. Throws
/// BatchError with `remedy` when there is no such program, and std::system_error when no process
/// can be made.
CommandOutput run_command(const std::vector<std::string>& arguments, const std::string& remedy);

}  // namespace transfer
