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
int run_completion(const std::string& format, const CLI::App& app) {
  const ProgramWords program = words_of(app);
  std::string text;
  if (format == "bash") text = bash_completion(program);
  if (format == "zsh") text = zsh_completion(program);
  if (format == "fish") text = fish_completion(program);
  if (format == "man") text = manual_page(program, manual_date());
  fmt::print("{}", text);
  return 0;
}

CommandRun add_completion_flags(CLI::App& parser) {
  auto format = std::make_shared<std::string>();
  parser.footer(kInstallation);
  parser.add_option("format", *format, "bash, zsh, fish, or man for the manual page")
      ->required()
      ->check(one_of({"bash", "zsh", "fish", "man"}));
  return [format, &parser](const auto&) { return run_completion(*format, *parser.get_parent()); };
}

}  // namespace

Command completion_command() {
  return {"completion", "Print a shell's completion script, or the manual page",
          add_completion_flags};
}

}  // namespace transfer
