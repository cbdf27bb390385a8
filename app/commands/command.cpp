#include "app/commands/command.h"

namespace transfer {

// All commands. A new one is a file in this folder that defines NAME_command(), and its NAME here.
// clang-format off
#define TRANSFER_COMMANDS(command) \
  command(train) \
  command(evaluate) \
  command(predict) \
  command(explain) \
  command(serve) \
  command(neighbours) \
  command(embed) \
  command(inspect) \
  command(backbones) \
  command(check) \
  command(preview) \
  command(lr_find) \
  command(advise) \
  command(batch) \
  command(runs) \
  command(compare) \
  command(ensemble) \
  command(soup) \
  command(export) \
  command(cache) \
  command(config) \
  command(completion) \
  command(help) \
  command(version)
// clang-format on

#define TRANSFER_DECLARE(name) Command name##_command();
TRANSFER_COMMANDS(TRANSFER_DECLARE)

const std::vector<Command>& all_commands() {
#define TRANSFER_CALL(name) name##_command(),
  static const std::vector<Command> commands = {TRANSFER_COMMANDS(TRANSFER_CALL)};
  return commands;
}

#undef TRANSFER_CALL
#undef TRANSFER_DECLARE
#undef TRANSFER_COMMANDS

}  // namespace transfer
