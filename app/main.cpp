#include <fmt/format.h>
#include <malloc.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string_view>
#include <system_error>

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

/// Throws OutputError when what was printed did not arrive, as on a full disk.
void flush_results() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw transfer::OutputError(
      fmt::format("standard output: cannot be written: {}. Make room, or redirect it elsewhere.",
                  errno != 0 ? std::strerror(errno) : "an earlier write failed"));
}

int run(int argc, char** argv) {
  try {
    const int status = transfer::run_command_line(argc, argv);
    flush_results();
    return status;
  } catch (const std::system_error&) {
    flush_results();  // fmt::print throws this one when stdout is full
    throw;
  }
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  transfer::install_signal_handlers();
  try {
    return run(argc, argv);
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
