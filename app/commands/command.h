#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/compute/process_group.h"

namespace transfer {

/// Runs a command with the flags that were parsed: results on stdout, everything else on stderr.
/// Returns 0 when the work is done and throws Error otherwise. `group` holds the processes that run
/// it together, one unless Command::runs_in_group.
using CommandRun = std::function<int(const std::shared_ptr<ProcessGroup>& group)>;

/// A command of the program: `transfer NAME`.
struct Command {
  std::string name;
  /// For `transfer --help`.
  std::string summary;
  /// Adds the command's flags to its parser, and returns what runs it once they are parsed. The
  /// parser outlives what is returned.
  CommandRun (*add_flags)(CLI::App& parser) = nullptr;
  /// Whether several processes may run it together.
  bool runs_in_group = false;
};

/// All commands in the order of `transfer --help`. The first is the default.
const std::vector<Command>& all_commands();

}  // namespace transfer
