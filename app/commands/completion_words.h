#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace transfer {

enum class Paths { kNone, kFolders, kFiles };

/// What a shell offers where a value is expected: words, paths, or both.
struct Offer {
  std::vector<std::string> words;
  Paths paths = Paths::kNone;
};

/// A flag or a positional argument.
struct ArgumentWords {
  /// `--data`; of a positional argument, the one name it has in messages.
  std::vector<std::string> names;
  std::string help;
  /// Stands for the value in the manual; empty where the flag takes none.
  std::string placeholder;
  Offer offer;
  /// The value is KEY=VALUE, with a key of the configuration.
  bool is_setting = false;
};

/// A command without subcommands, such as `predict` or `cache ls`.
struct CommandWords {
  std::string name;
  std::string help;
  std::string footer;
  std::vector<ArgumentWords> flags;
  std::vector<ArgumentWords> arguments;
};

/// A group of commands under one name, such as `cache`.
struct GroupWords {
  std::string name;
  std::string help;
};

/// A key of the configuration or of a batch file, in the words of its table.
struct KeyWords {
  std::string key;
  std::string description;
  std::string expected;
  std::string unit;
  /// Empty where a value is required.
  std::string default_value;
  std::string example;
  Offer offer;
};

/// Everything that a completion script or the manual says about the program.
struct ProgramWords {
  std::string summary;
  std::string footer;
  std::vector<GroupWords> groups;
  std::vector<CommandWords> commands;
  std::vector<KeyWords> keys;
  /// The keys of a batch file that are not the configuration's: `jobs.matrix.seeds`, `slurm.time`.
  std::vector<KeyWords> batch_file_keys;
};

/// Collects the words from the program's own flags and from the table of configuration keys.
ProgramWords words_of(const CLI::App& app);

/// The names that can stand first on the command line, each with its help: commands and groups.
std::vector<GroupWords> first_words(const ProgramWords& program);

/// The commands of a group, with the names they have inside it.
std::vector<GroupWords> words_in_group(const ProgramWords& program, const std::string& group);

// The texts that `transfer completion` prints.
std::string bash_completion(const ProgramWords& program);
std::string zsh_completion(const ProgramWords& program);
std::string fish_completion(const ProgramWords& program);

/// The manual page in man(7) macros. `date` is its YYYY-MM-DD.
std::string manual_page(const ProgramWords& program, const std::string& date);

}  // namespace transfer
