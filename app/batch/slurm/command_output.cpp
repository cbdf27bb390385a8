#include "app/batch/slurm/command_output.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include "core/run_program.h"

namespace transfer {

CommandOutput run_command(const std::vector<std::string>& arguments,
                          const CommandOptions& options) {
  CommandOutput output;
  const ProgramCall call = {
      .words = arguments,
      .take_out = [&output](std::string_view piece) { output.out += piece; },
      .take_err = [&output](std::string_view piece) { output.err += piece; },
      .hidden = options.hidden,
      .seconds = options.seconds,
  };
  try {
    const ProgramEnd end = run_program(call);
    output.status = end.status;
    if (end.was_killed) {
      output.err += fmt::format("{} did not end within {:.0f} seconds and was killed\n",
                                arguments.front(), end.seconds);
    }
  } catch (const std::system_error& error) {
    const int number = error.code().value();
    if (number != ENOENT && number != EACCES) throw;
    throw MissingProgram(fmt::format("{}: {} on PATH. {}", arguments.front(),
                                     number == ENOENT ? "not found" : "no executable program",
                                     options.remedy));
  }
  return output;
}

}  // namespace transfer
