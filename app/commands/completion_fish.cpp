#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/commands/completion_words.h"

namespace transfer {
namespace {

std::string fish_quoted(const std::string& text) {
  std::string result = "'";
  for (const char letter : text) {
    if (letter == '\'' || letter == '\\') result += '\\';
    result += letter;
  }
  return result + "'";
}

/// The options of `complete` that say which values a flag or an argument takes.
std::string fish_values(const ArgumentWords& argument) {
  if (argument.is_setting) return " -x -a '(__transfer_settings)'";
  const std::string words = fmt::format("{}", fmt::join(argument.offer.words, " "));
  switch (argument.offer.paths) {
    case Paths::kNone: return words.empty() ? " -x" : " -x -a " + fish_quoted(words);
    case Paths::kFolders: return " -x -a '(__fish_complete_directories (commandline -ct))'";
    case Paths::kFiles: break;
  }
  return words.empty() ? " -r -F" : " -r -F -a " + fish_quoted(words);
}

std::string fish_flag(const CommandWords& command, const ArgumentWords& flag) {
  std::string text = fmt::format("complete -c transfer -n '__transfer_runs {}'", command.name);
  for (const std::string& name : flag.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!flag.placeholder.empty()) text += fish_values(flag);
  return text + " -d " + fish_quoted(flag.help) + "\n";
}

std::string fish_command(const CommandWords& command) {
  std::string text;
  for (const ArgumentWords& flag : command.flags) text += fish_flag(command, flag);
  for (const ArgumentWords& argument : command.arguments) {
    const std::string offered = argument.offer.paths == Paths::kFiles
                                    ? " -F"
                                    : fish_values(argument).substr(std::string(" -x").size());
    text += fmt::format("complete -c transfer -n '__transfer_runs {}'{}\n", command.name, offered);
  }
  return text;
}

std::string fish_names(const std::vector<GroupWords>& words, const std::string& condition) {
  std::string text;
  for (const GroupWords& word : words) {
    text += fmt::format("complete -c transfer -n '{}' -a {} -d {}\n", condition, word.name,
                        fish_quoted(word.help));
  }
  return text;
}

/// fish itself chooses among the lines those that begin with what was typed.
std::string fish_settings(const ProgramWords& program) {
  std::string text = "\nfunction __transfer_settings\n";
  for (const KeyWords& key : program.keys) {
    text += fmt::format("    echo {}=\n", key.key);
    for (const auto& word : key.offer.words) text += fmt::format("    echo {}={}\n", key.key, word);
  }
  return text + "end\n";
}

}  // namespace

std::string fish_completion(const ProgramWords& program) {
  std::string groups;
  for (const GroupWords& group : program.groups) groups += " " + group.name;
  std::string text =
      fmt::format(R"fish(# fish completion of transfer, printed by `transfer completion fish`

# The words before the cursor begin with COMMAND, which is `train` where they name none.
function __transfer_runs
    set -l words (commandline -opc)[2..]
    if not set -q words[1]; or string match -q -- '-*' $words[1]
        test "$argv" = train
    else if contains -- $words[1]{0}
        test "$argv" = "$words[1..2]"
    else
        test "$argv" = $words[1]
    end
end

function __transfer_names_none
    test (count (commandline -opc)) -eq 1
end

function __transfer_names_group
    set -l words (commandline -opc)
    test "$words" = "transfer $argv"
end
)fish",
                  groups);
  text += fish_settings(program) + "\ncomplete -c transfer -f\n";
  text += fish_names(first_words(program), "__transfer_names_none");
  for (const GroupWords& group : program.groups) {
    text += fish_names(words_in_group(program, group.name), "__transfer_names_group " + group.name);
  }
  for (const CommandWords& command : program.commands) text += fish_command(command);
  return text;
}

}  // namespace transfer
