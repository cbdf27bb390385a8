#include "app/commands/message_flags.h"

#include <string_view>

namespace transfer {
namespace {

struct MessageFlag {
  const char* name;
  bool MessageOptions::*option;
  const char* help;
};

constexpr MessageFlag kFlags[] = {
    {"--quiet", &MessageOptions::quiet,
     "Say nothing on stderr but the error that ends the program"},
    {"--verbose", &MessageOptions::verbose, "Say more on stderr: times, and what was chosen"},
    {"--no-progress", &MessageOptions::no_progress, "Show no progress"},
    {"--log-json", &MessageOptions::log_json,
     "Write stderr as JSON Lines: one event a line, see docs/outputs.md"}};

}  // namespace

void add_message_flags(CLI::App& parser) {
  const auto commands = parser.get_subcommands([](const CLI::App*) { return true; });
  for (CLI::App* command : commands) add_message_flags(*command);
  if (!commands.empty()) return;
  for (const MessageFlag& flag : kFlags) {
    parser.add_flag(flag.name, flag.help)->group("Messages")->disable_flag_override();
  }
  parser.get_option("--quiet")->excludes("--verbose");
}

MessageOptions message_options(int argc, const char* const* argv) {
  MessageOptions options;
  for (int i = 1; i < argc; ++i) {
    for (const MessageFlag& flag : kFlags) {
      if (std::string_view(argv[i]) == flag.name) options.*flag.option = true;
    }
  }
  return options;
}

}  // namespace transfer
