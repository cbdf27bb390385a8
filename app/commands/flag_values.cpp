#include "app/commands/flag_values.h"

#include <fmt/format.h>

#include <map>

#include "app/commands/help_text.h"
#include "core/errors.h"

namespace transfer {
namespace {

/// A flag with its value, as the user wrote them.
struct WrittenFlag {
  std::string name;
  std::string value;
};

std::string name_in(const std::string& argument) { return argument.substr(0, argument.find('=')); }

/// The part of the command that the arguments name, such as `ls` of `cache`.
const CLI::App& named_part(const CLI::App& parser, const std::vector<std::string>& arguments) {
  for (const CLI::App* part : parser.get_subcommands([](const CLI::App*) { return true; })) {
    if (arguments.size() > 1 && arguments[1] == part->get_name()) return *part;
  }
  return parser;
}

/// "a FOLDER"
std::string wanted_value(const CLI::Option& option) {
  const std::string placeholder = value_placeholder(option);
  return placeholder.size() < 2 ? "a value" : "a " + placeholder;
}

/// The value of the flag at `i`. Throws ConfigError where it has none.
std::string value_at(const std::vector<std::string>& written, std::size_t i,
                     const CLI::Option& option) {
  const std::string name = name_in(written[i]);
  if (written[i].size() > name.size()) return written[i].substr(name.size() + 1);
  const bool is_last = i + 1 == written.size();
  if (!is_last && !written[i + 1].starts_with("--")) return written[i + 1];
  throw ConfigError(fmt::format(
      "{} needs {}, but {}.", name, wanted_value(option),
      is_last ? "nothing follows it"
              : fmt::format("'{}' follows it; write {}=VALUE for a value that begins so",
                            written[i + 1], name)));
}

}  // namespace

void check_flag_values(const std::vector<std::string>& written,
                       const std::vector<std::string>& arguments, const CLI::App& parser) {
  const CLI::App& command = named_part(parser, arguments);
  std::map<const CLI::Option*, WrittenFlag> seen;
  for (std::size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    if (!arguments[i].starts_with("--")) continue;
    const CLI::Option* const option = command.get_option_no_throw(name_in(arguments[i]));
    if (option == nullptr || option->get_items_expected_min() == 0) continue;
    const WrittenFlag flag{name_in(written[i]), value_at(written, i, *option)};
    if (flag.value.empty()) {
      throw ConfigError(
          fmt::format("{}: found an empty text, expected {}. Leave the flag out to do "
                      "without.",
                      flag.name, wanted_value(*option)));
    }
    const auto [first, is_first] = seen.emplace(option, flag);
    if (!is_first && first->second.name != flag.name && first->second.value != flag.value) {
      throw ConfigError(
          fmt::format("{0} {1} and {2} {3}: {0} and {2} are two names of one flag. "
                      "Give one of them.",
                      first->second.name, first->second.value, flag.name, flag.value));
    }
    if (written[i].find('=') == std::string::npos) ++i;  // the value is no flag
  }
}

}  // namespace transfer
