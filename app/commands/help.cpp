#include <fmt/format.h>

#include <algorithm>

#include "app/commands/command.h"
#include "app/commands/command_line.h"
#include "app/commands/help_text.h"
#include "core/errors.h"
#include "core/nearest_name.h"

namespace transfer {
namespace {

/// The command below `parent` of that name. Throws ConfigError where there is none.
const CLI::App& named_below(const CLI::App& parent, const std::string& name) {
  const auto commands = parent.get_subcommands([](const CLI::App*) { return true; });
  std::vector<std::string> names;
  for (const CLI::App* command : commands) {
    if (command->get_name() == name) return *command;
    names.push_back(command->get_name());
  }
  throw ConfigError(fmt::format("unknown command '{}'{} `transfer help` lists all commands.", name,
                                nearest_or_stop(name, names)));
}

int run_help(const std::vector<std::string>& names) {
  // Not the parser that has parsed `help`, which answers for its innermost command.
  const CommandLine line = make_command_line();
  const CLI::App* command = line.parser.get();
  for (const std::string& name : names) command = &named_below(*command, name);
  fmt::print("{}", help_of(*command));
  return 0;
}

CommandRun add_help_flags(CLI::App& parser) {
  auto names = std::make_shared<std::vector<std::string>>();
  parser.add_option("command", *names, "A command, such as predict or cache ls");
  return [names](const auto&) { return run_help(*names); };
}

}  // namespace

Command help_command() {
  return {"help", "Show how to use the program, or one command", add_help_flags};
}

}  // namespace transfer
