#pragma once

#include <string>

namespace CLI {
class App;
}

namespace transfer {

/// `transfer completion`
struct CompletionOptions {
  /// `bash`, `zsh`, `fish`, or `man` for the manual page.
  std::string format;
};

/// Adds the command `completion`; parsing fills `options`.
void add_completion(CLI::App& app, CompletionOptions& options);

/// Prints the completion script or the manual page of all commands of `app`.
int run_completion(const CompletionOptions& options, const CLI::App& app);

}  // namespace transfer
