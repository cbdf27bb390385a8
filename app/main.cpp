#include <fmt/format.h>
#include <malloc.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "app/commands/commands.h"
#include "app/compute/process_group.h"
#include "app/report/rank_output.h"
#include "app/report/terminal_messages.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/messages.h"

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

int run(int argc, char** argv, const std::shared_ptr<transfer::ProcessGroup>& group) {
  try {
    const int status = transfer::run_command_line(argc, argv, group);
    flush_results();
    return status;
  } catch (const std::system_error&) {
    flush_results();  // fmt::print throws this one when stdout is full
    throw;
  }
}

/// Says what went wrong and ends the other processes of the group too. What all of them meet, such
/// as a wrong flag, is the first one's to say, which ends the others while they wait here.
int fail(transfer::ProcessGroup& group, const transfer::RankOutput& output,
         const std::string& message, int status) {
  constexpr auto kForTheFirst = std::chrono::seconds(2);
  std::fflush(stdout);
  if (!group.is_first()) std::this_thread::sleep_for(kForTheFirst);
  output.error(message);
  if (group.size() > 1) group.abort(status);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  transfer::install_signal_handlers();
  transfer::TerminalMessages messages;
  transfer::send_messages_to(messages);
  auto group = transfer::single_process();
  auto output = std::make_unique<transfer::RankOutput>(*group);
  try {
    group = transfer::join_process_group();
    output = std::make_unique<transfer::RankOutput>(*group);
    return run(argc, argv, group);
  } catch (const transfer::Error& error) {
    return fail(*group, *output, error.what(), error.exit_code());
  } catch (const std::exception& error) {
    // LibTorch adds a stack trace, which tells a user nothing.
    const std::string_view message(error.what());
    return fail(*group, *output,
                fmt::format("unexpected failure: {}",
                            message.substr(0, message.find("\nException raised from"))),
                1);
  }
}
