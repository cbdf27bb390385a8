#include "app/commands/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/commands/flag_values.h"
#include "app/commands/foreign_flags.h"
#include "app/commands/help_text.h"
#include "app/commands/message_flags.h"
#include "app/commands/renamed_flags.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/messages.h"
#include "core/nearest_name.h"
#include "core/shell_word.h"
#include "core/stopwatch.h"

namespace transfer {
namespace {

/// The command of that name; nullptr where there is none.
const Command* find_command(const std::string& name) {
  const auto& commands = all_commands();
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& command) { return command.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

/// The innermost command that was named.
const CLI::App* innermost(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return command;
}

/// The flag to give the images with, where the command has one that was not given.
bool lacks_data(const CLI::App& command) {
  const CLI::Option* const data = command.get_option_no_throw("--data");
  return data != nullptr && data->count() == 0;
}

/// What is wrong with the first argument that the command does not have: names the nearest flag, or
/// the one for the images. Empty where nothing is known.
std::string explain_extra(const CLI::App& app) {
  const auto extra = app.remaining(/*recurse=*/true);
  const CLI::App& command = *innermost(app);
  const auto found = std::find_if(extra.begin(), extra.end(),
                                  [](const std::string& text) { return text.starts_with("--"); });
  if (found == extra.end()) {
    if (extra.empty() || extra.front().starts_with("-") || !lacks_data(command)) return "";
    return fmt::format("unexpected argument '{}'. The images are given with --data: --data {}",
                       extra.front(), shell_word(extra.front()));
  }
  const std::string flag = found->substr(0, found->find('='));
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) known.push_back("--" + name);
  }
  if (std::find(known.begin(), known.end(), flag) != known.end()) return "";
  const std::string advice = advice_on_flag(flag, command);
  if (!advice.empty()) return fmt::format("unknown flag '{}'. {}", flag, advice);
  return fmt::format("unknown flag '{}'{}", flag, suggestion(flag, known));
}

std::string or_else(const std::string& text, const std::string& other) {
  return text.empty() ? other : text;
}

/// " (see transfer cache ls --help)", of the command that was named.
std::string where_to_look(const CLI::App& app) {
  std::string names;
  for (const CLI::App* command = innermost(app); command != nullptr;
       command = command->get_parent()) {
    names = command->get_name() + " " + names;
  }
  return fmt::format(" (see {}--help)", names);
}

/// The arguments that name a command: `--version` is one, and without a name the default is meant.
std::vector<std::string> with_command(const CLI::App& app, int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments[0] == "--version") arguments[0] = "version";
  if (arguments.empty() || arguments[0].starts_with("-")) {
    arguments.insert(arguments.begin(), all_commands().front().name);
  } else if (find_command(arguments[0]) == nullptr) {
    if (file_kind(arguments[0]) != FileKind::kNothing) {
      throw ConfigError(fmt::format(
          "unknown command '{0}'. To train on the images there, give transfer --data {1}; other "
          "commands: transfer --help",
          arguments[0], shell_word(arguments[0])));
    }
    std::vector<std::string> names;
    for (const Command& command : all_commands()) names.push_back(command.name);
    throw ConfigError(
        fmt::format("unknown command '{}'{}", arguments[0], suggestion(arguments[0], names)));
  }
  const std::vector<std::string> written = arguments;
  const CLI::App& parser = *app.get_subcommand(arguments.front());
  replace_renamed_flags(arguments);
  replace_foreign_flags(arguments, parser);
  check_flag_values(written, arguments, parser);
  return arguments;
}

/// Parses; false where only help was asked for, which is printed then.
bool parse(CLI::App& app, std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  try {
    app.parse(arguments);
    return true;
  } catch (const CLI::CallForHelp&) {
    std::cout << help_of(*innermost(app));
    return false;
  } catch (const CLI::ExtrasError& error) {
    throw ConfigError(or_else(explain_extra(app), error.what()) + where_to_look(app));
  } catch (const CLI::RequiredError& error) {  // perhaps given under another name
    throw ConfigError(or_else(explain_extra(app), error.what()) + where_to_look(app));
  } catch (const CLI::ParseError& error) {
    throw ConfigError(error.what() + where_to_look(app));
  }
}

}  // namespace

CommandLine make_command_line() {
  CommandLine line;
  line.parser = std::make_unique<CLI::App>(
      "Transfer learning from a folder of images and a pretrained CNN.", "transfer");
  line.parser->footer(footer_of_program());
  line.parser->formatter(help_formatter());
  const std::string version_help = "Show the version and what this program was built with";
  line.parser->add_flag("--version", version_help);
  line.parser->require_subcommand(1);
  for (const Command& command : all_commands()) {
    CLI::App* parser = line.parser->add_subcommand(command.name, command.summary);
    parser->footer("");  // the program's is not inherited
    line.runs[command.name] = command.add_flags(*parser);
    add_examples(*parser);
    add_message_flags(*parser);
  }
  return line;
}

int run_command_line(int argc, const char* const* argv,
                     const std::shared_ptr<ProcessGroup>& group) {
  const CommandLine line = make_command_line();
  CLI::App& app = *line.parser;
  if (argc == 1) {
    std::cout << first_steps();
    return 0;
  }
  const std::string first = argv[1];
  if (argc == 2 && (first == "--help" || first == "-h")) {
    std::cout << help_of(app);
    return 0;
  }
  if (!parse(app, with_command(app, argc, argv))) return 0;
  const std::string name = app.get_subcommands().front()->get_name();
  if (group->size() > 1 && !find_command(name)->runs_in_group) {
    throw ConfigError(fmt::format(
        "{} processes were started for 'transfer {}', which runs in one process. Start several "
        "processes for training only; otherwise leave out mpirun or srun.",
        group->size(), name));
  }
  const Stopwatch clock;
  const int status = line.runs.at(name)(group);
  messages().event("result",
                   {{"command", name}, {"exit_status", status}, {"seconds", clock.seconds()}}, "");
  return status;
}

}  // namespace transfer
