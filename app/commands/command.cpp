#include "app/commands/command.h"

namespace transfer {

// A new command is a file in this folder, and its name in these two lists.
Command train_command();
Command evaluate_command();
Command predict_command();
Command inspect_command();
Command preview_command();
Command lr_find_command();
Command advise_command();
Command batch_command();
Command cache_command();
Command config_command();
Command completion_command();
Command version_command();

const std::vector<Command>& all_commands() {
  static const std::vector<Command> commands = {
      train_command(),   evaluate_command(), predict_command(),    inspect_command(),
      preview_command(), lr_find_command(),  advise_command(),     batch_command(),
      cache_command(),   config_command(),   completion_command(), version_command()};
  return commands;
}

}  // namespace transfer
