#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/commands/completion_words.h"

namespace transfer {
namespace {

/// Text inside single quotes, with `special` characters after a backslash.
std::string zsh_quoted(const std::string& text, const std::string& special) {
  std::string result;
  for (const char letter : text) {
    if (letter == '\'') {
      result += "'\\''";
      continue;
    }
    if (letter == '\\' || special.find(letter) != std::string::npos) result += '\\';
    result += letter;
  }
  return result;
}

/// The action of _arguments that completes a value.
std::string zsh_action(const ArgumentWords& argument) {
  if (argument.is_setting) return "_transfer_setting";
  const std::string words = fmt::format("{}", fmt::join(argument.offer.words, " "));
  switch (argument.offer.paths) {
    case Paths::kNone: return words.empty() ? " " : "(" + words + ")";
    case Paths::kFolders: return "_files -/";
    case Paths::kFiles: break;
  }
  return words.empty()
             ? "_files"
             : fmt::format("_alternative \"words\\:word\\:({})\" \"files\\:file\\:_files\"", words);
}

/// The specifications that _arguments takes for one flag, one for each of its names.
std::string zsh_flag(const ArgumentWords& flag) {
  std::string text;
  const std::string help = zsh_quoted(flag.help, "[]:");
  for (const std::string& name : flag.names) {
    const std::string repeats = flag.is_setting ? "*" : "";
    if (flag.placeholder.empty()) {
      text += fmt::format(" \\\n        '{}[{}]'", name, help);
    } else {
      text +=
          fmt::format(" \\\n        '{}{}=[{}]:value:{}'", repeats, name, help, zsh_action(flag));
    }
  }
  return text;
}

std::string zsh_command(const CommandWords& command) {
  std::string text = fmt::format("    '{}')\n      _arguments", command.name);
  for (const ArgumentWords& flag : command.flags) text += zsh_flag(flag);
  for (const ArgumentWords& argument : command.arguments) {
    text += fmt::format(" \\\n        '*:{}:{}'", zsh_quoted(argument.names.front(), ":"),
                        zsh_action(argument));
  }
  return text + " ;;\n";
}

std::string zsh_descriptions(const std::vector<GroupWords>& words) {
  std::string text;
  for (const GroupWords& word : words) {
    text += fmt::format("\n        '{}:{}'", word.name, zsh_quoted(word.help, ":"));
  }
  return text;
}

std::string zsh_settings(const ProgramWords& program) {
  std::string cases;
  std::string keys;
  for (const KeyWords& key : program.keys) {
    keys += " " + key.key;
    if (key.offer.paths != Paths::kNone) cases += fmt::format("      {}) _files ;;\n", key.key);
    if (key.offer.paths != Paths::kNone || key.offer.words.empty()) continue;
    cases += fmt::format("      {}) compadd -- {} ;;\n", key.key, fmt::join(key.offer.words, " "));
  }
  return fmt::format(R"(
_transfer_setting() {{
  if compset -P '*='; then
    case ${{${{IPREFIX%=}}##*=}} in
{}    esac
  else
    compadd -S = --{}
  fi
}}
)",
                     cases, keys);
}

std::string zsh_group(const ProgramWords& program, const GroupWords& group) {
  return fmt::format(R"(  if [[ $command == {0} ]]; then
    if (( CURRENT == 2 )); then
      local -a parts=({1})
      _describe command parts
      return
    fi
    command="{0} ${{words[2]}}"
    shift words
    (( CURRENT-- ))
  fi
)",
                     group.name, zsh_descriptions(words_in_group(program, group.name)));
}

}  // namespace

std::string zsh_completion(const ProgramWords& program) {
  std::string text =
      "#compdef transfer\n# zsh completion of transfer, printed by `transfer completion zsh`\n";
  text += zsh_settings(program);
  text += fmt::format(R"(
_transfer() {{
  local command=train
  if [[ ${{words[2]}} != -* ]]; then
    if (( CURRENT == 2 )); then
      local -a commands=({})
      _describe command commands
      return
    fi
    command=${{words[2]}}
    shift words
    (( CURRENT-- ))
  fi
)",
                      zsh_descriptions(first_words(program)));
  for (const GroupWords& group : program.groups) text += zsh_group(program, group);
  text += "  case $command in\n";
  for (const CommandWords& command : program.commands) text += zsh_command(command);
  // zsh runs the file as the function when it lies in $fpath; a user may also source it.
  return text + R"(  esac
}

if [[ ${funcstack[1]} == _transfer ]]; then
  _transfer "$@"
else
  compdef _transfer transfer
fi
)";
}

}  // namespace transfer
