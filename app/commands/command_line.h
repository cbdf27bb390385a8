#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>

#include "app/commands/command.h"

namespace transfer {

/// The program's parser with all commands, and what runs each of them after parsing.
struct CommandLine {
  std::unique_ptr<CLI::App> parser;
  std::map<std::string, CommandRun> runs;
};

/// Adds all commands of all_commands() to a new parser.
CommandLine make_command_line();

/// Parses the command line and runs the command it names (the default where it names none). Throws
/// Error; an unknown flag is a ConfigError that names the nearest one, and so is a command that
/// several processes cannot run together.
int run_command_line(int argc, const char* const* argv, const std::shared_ptr<ProcessGroup>& group);

}  // namespace transfer
