#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "app/commands/commands.h"
#include "core/cancellation.h"
#include "core/errors.h"

int main(int argc, char** argv) {
  transfer::install_signal_handlers();
  try {
    return transfer::run_command_line(argc, argv);
  } catch (const transfer::Error& error) {
    std::fflush(stdout);
    fmt::print(stderr, "transfer: {}\n", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    std::fflush(stdout);
    fmt::print(stderr, "transfer: unexpected failure: {}\n", error.what());
    return 1;
  }
}
