#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>

#include "app/commands/command.h"
#include "app/commands/completion_words.h"
#include "app/commands/flag_checks.h"
#include "core/whole_number.h"

namespace transfer {
namespace {

enum class CompletionFormat { kBash, kZsh, kFish, kMan };

}  // namespace

template <>
inline constexpr std::array<std::string_view, 4> kNames<CompletionFormat> = {"bash", "zsh", "fish",
                                                                             "man"};

namespace {

constexpr const char* kInstallation = R"(
A package has them installed. Otherwise, for your own account:
  transfer completion bash > ~/.local/share/bash-completion/completions/transfer
  transfer completion zsh  > FOLDER/_transfer       with FOLDER in $fpath
  transfer completion fish > ~/.config/fish/completions/transfer.fish
  transfer completion man  > ~/.local/share/man/man1/transfer.1)";

/// Today, or the day of $SOURCE_DATE_EPOCH, with which builds are repeatable.
std::string manual_date() {
  const char* epoch = std::getenv("SOURCE_DATE_EPOCH");
  const auto seconds = parse_whole_number(epoch != nullptr ? epoch : "");
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(seconds ? static_cast<std::time_t>(*seconds)
                                                        : std::time(nullptr)));
}

/// Prints the completion script, or with the format `man` the manual page, of all commands of
/// `app`.
int run_completion(CompletionFormat format, const CLI::App& app) {
  const ProgramWords program = words_of(app);
  std::string text;
  switch (format) {
    case CompletionFormat::kBash: text = bash_completion(program); break;
    case CompletionFormat::kZsh: text = zsh_completion(program); break;
    case CompletionFormat::kFish: text = fish_completion(program); break;
    case CompletionFormat::kMan: text = manual_page(program, manual_date()); break;
  }
  fmt::print("{}", text);
  return 0;
}

CommandRun add_completion_flags(CLI::App& parser) {
  auto format = std::make_shared<CompletionFormat>();
  parser.footer(kInstallation);
  add_choice(parser, "format", *format, "bash, zsh, fish, or man for the manual page")->required();
  return [format, &parser](const auto&) { return run_completion(*format, *parser.get_parent()); };
}

}  // namespace

Command completion_command() {
  return {"completion", "Print a shell's completion script, or the manual page",
          add_completion_flags};
}

}  // namespace transfer
