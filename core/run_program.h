#pragma once

#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// Another program to run, and what to do with what it prints.
struct ProgramCall {
  /// Takes what the program prints, in pieces of any length.
  using Take = std::function<void(std::string_view piece)>;

  /// Its path, or a name to be found on PATH, and its arguments. No shell sees them.
  std::vector<std::string> words;
  Take take_out;
  Take take_err;
  /// Environment variables to hide from the program: names, or prefixes that end in `*`.
  std::vector<std::string> hidden = {};
  /// Seconds after which it is killed.
  double seconds = std::numeric_limits<double>::infinity();
  /// The signal that it gets when this program is told to stop; 0: none.
  int signal_to_stop = 0;
  /// Seconds that it then has to end by itself before it is killed.
  double seconds_to_stop = 2;
};

struct ProgramEnd {
  /// Exit status, or 128 + N where signal N ended it.
  int status = 0;
  double seconds = 0;
  /// Whether it was killed because its time was over.
  bool was_killed = false;
};

/// Runs a program without input and waits for its end. A terminal's Ctrl-C does not reach it, nor
/// do the settings of signals of this program. What is still open when it ends, such as a stream
/// that a program of its own has, is not waited for. Throws std::system_error when it cannot be
/// started: with ENOENT or EACCES where it is missing or no program.
ProgramEnd run_program(const ProgramCall& call);

}  // namespace transfer
