#include <fmt/format.h>
#include <malloc.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include "app/commands/commands.h"
#include "core/cancellation.h"
#include "core/errors.h"

namespace {

/// Activations of a few megabytes come and go with every layer. By default glibc gives each back to
/// the system and asks for it again, which costs as much time as the arithmetic; here they stay.
void keep_freed_memory() {
  constexpr int kLargestKept = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kLargestKept);
  mallopt(M_TRIM_THRESHOLD, kLargestKept);
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  transfer::install_signal_handlers();
  try {
    return transfer::run_command_line(argc, argv);
  } catch (const transfer::Error& error) {
    std::fflush(stdout);
    fmt::print(stderr, "transfer: {}\n", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    std::fflush(stdout);
    // LibTorch adds a stack trace, which tells a user nothing.
    const std::string_view message(error.what());
    fmt::print(stderr, "transfer: unexpected failure: {}\n",
               message.substr(0, message.find("\nException raised from")));
    return 1;
  }
}
