#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/commands/completion_words.h"

namespace transfer {
namespace {

// readline splits at `=` and `:` too, so the words come from the line, and a reply holds only what
// follows the last of these two.
constexpr const char* kBashOffer =
    R"(# bash completion of transfer, printed by `transfer completion bash`

# _transfer_offer WORD...: replies with those that begin with $current.
_transfer_offer() {
  local typed=${current%"${current##*[=:]}"}
  [[ $COMP_WORDBREAKS == *=* ]] || typed=
  mapfile -t COMPREPLY < <(compgen -W "$*" -- "$current")
  COMPREPLY=("${COMPREPLY[@]#"$typed"}")
}

# _transfer_paths KIND: readline completes paths where no word matches.
_transfer_paths() {
  compopt -o filenames -o "$1"
}
)";

constexpr const char* kBashSplit = R"(
_transfer() {
  local line=${COMP_LINE:0:COMP_POINT} current previous command=train
  local -a words
  read -ra words <<< "$line"
  [[ $line != *[[:space:]] ]] || words+=("")
  current=${words[-1]}
  previous=
  if ((${#words[@]} > 1)); then previous=${words[-2]}; fi
  if [[ $current == --*=* ]]; then
    previous=${current%%=*}
    current=${current#*=}
  fi
)";

std::string joined_names(const std::vector<GroupWords>& words) {
  std::string text;
  for (const GroupWords& word : words) text += (text.empty() ? "" : " ") + word.name;
  return text;
}

/// The commands that reply with `offer`, as one line of a case.
std::string bash_reply(const Offer& offer) {
  std::string text;
  if (!offer.words.empty()) text = fmt::format("_transfer_offer {}", fmt::join(offer.words, " "));
  if (offer.paths == Paths::kNone) return text.empty() ? ":" : text;
  if (!text.empty()) text += "; ";
  return text +
         (offer.paths == Paths::kFolders ? "_transfer_paths dirnames" : "_transfer_paths default");
}

std::string bash_settings(const ProgramWords& program) {
  std::string text = "\n# The values of KEY, or the keys, where $current is KEY=VALUE.\n";
  text += "_transfer_setting() {\n  case $current in\n";
  std::string keys;
  for (const KeyWords& key : program.keys) {
    keys += " " + key.key + "=";
    if (key.offer.words.empty() && key.offer.paths == Paths::kNone) continue;
    Offer whole{{}, key.offer.paths};
    for (const auto& word : key.offer.words) whole.words.push_back(key.key + "=" + word);
    text += fmt::format("    {}=*) {} ;;\n", key.key, bash_reply(whole));
  }
  text += "    *=*) ;;\n    *)\n      compopt -o nospace\n";
  return text + fmt::format("      _transfer_offer{} ;;\n  esac\n}}\n", keys);
}

/// Finds the command on the line and completes its name.
std::string bash_command_part(const ProgramWords& program) {
  std::string text = fmt::format(R"(  case ${{words[1]}} in
    -*) ;;
    *)
      command=${{words[1]}}
      if ((${{#words[@]}} == 2)); then
        _transfer_offer {}
        return
      fi ;;
  esac
)",
                                 joined_names(first_words(program)));
  for (const GroupWords& group : program.groups) {
    text += fmt::format(R"(  if [[ $command == {0} ]]; then
    command="{0} ${{words[2]}}"
    if ((${{#words[@]}} == 3)); then
      _transfer_offer {1}
      return
    fi
  fi
)",
                        group.name, joined_names(words_in_group(program, group.name)));
  }
  return text;
}

/// What follows a flag of the command.
std::string bash_value_cases(const CommandWords& command) {
  std::string text;
  for (const ArgumentWords& flag : command.flags) {
    if (flag.placeholder.empty()) continue;
    text += fmt::format("    '{} {}') {}; return ;;\n", command.name, flag.names.back(),
                        flag.is_setting ? "_transfer_setting" : bash_reply(flag.offer));
  }
  return text;
}

/// Completes a word that is not the value of a flag.
std::string bash_word_case(const CommandWords& command) {
  std::string flags;
  for (const ArgumentWords& flag : command.flags) {
    flags += fmt::format(" {}", fmt::join(flag.names, " "));
  }
  const std::string argument =
      command.arguments.empty() ? ":" : bash_reply(command.arguments.front().offer);
  return fmt::format(
      "    '{}')\n      if [[ $current == -* ]]; then _transfer_offer{}; else {}; fi ;;\n",
      command.name, flags, argument);
}

}  // namespace

std::string bash_completion(const ProgramWords& program) {
  std::string text = kBashOffer + bash_settings(program) + kBashSplit + bash_command_part(program);
  text += "  case \"$command $previous\" in\n";
  for (const CommandWords& command : program.commands) text += bash_value_cases(command);
  text += "  esac\n  case $command in\n";
  for (const CommandWords& command : program.commands) text += bash_word_case(command);
  return text + "  esac\n}\n\ncomplete -F _transfer transfer\n";
}

}  // namespace transfer
