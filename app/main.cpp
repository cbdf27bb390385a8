#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <thread>

#include "app/commands/command_line.h"
#include "app/commands/message_flags.h"
#include "app/compute/allocator.h"
#include "app/compute/arithmetic.h"
#include "app/compute/process_group.h"
#include "app/process_guard.h"
#include "app/report/failure_report.h"
#include "app/report/json_messages.h"
#include "app/report/rank_output.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/standard_streams.h"
#include "models/execution.h"
#include "models/torch_warnings.h"

namespace {

/// Ends all processes as a program ends whose output nobody reads.
[[noreturn]] void end_unread(transfer::ProcessGroup& group) {
  transfer::expect_exit();
  if (group.size() > 1) group.abort(transfer::status_of(transfer::ExitCode::kSigpipe));
  transfer::end_by_closed_output();
}

/// Throws OutputError where output was lost, as on a full disk. `earlier` is the error (an errno)
/// of an earlier write, if it is known.
void flush_results(transfer::ProcessGroup& group, int earlier = 0) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  const int error = errno != 0 ? errno : earlier;
  if (error == EPIPE || transfer::stdout_has_no_reader()) end_unread(group);
  throw transfer::OutputError(
      fmt::format("standard output: cannot be written: {}. Free disk space, or redirect it "
                  "elsewhere.",
                  error != 0 ? std::strerror(error) : "an earlier write failed"));
}

int run(int argc, char** argv, const std::shared_ptr<transfer::ProcessGroup>& group) {
  try {
    const int status = transfer::run_command_line(argc, argv, group);
    flush_results(*group);
    return status;
  } catch (const std::system_error& error) {
    // fmt::print throws this one when stdout is full.
    flush_results(*group, error.code().value());
    throw;
  }
}

/// Prints the error and ends the other processes of the group too. An error that all processes
/// meet, such as a wrong flag, is left to rank 0, which ends the others while they wait here.
int fail(transfer::ProcessGroup& group, const transfer::RankOutput& output,
         const std::string& message, transfer::ExitCode code) {
  constexpr auto kForRank0 = std::chrono::seconds(2);
  std::fflush(stdout);
  if (!group.is_rank0()) std::this_thread::sleep_for(kForRank0);
  const int status = transfer::status_of(code);
  output.error(message, status);
  transfer::expect_exit();
  if (group.size() > 1) group.abort(status);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  transfer::guard_exit();
  transfer::keep_freed_memory();
  transfer::fix_cublas_workspace();
  transfer::keep_gpu_unfused();
  transfer::install_signal_handlers();
  transfer::silence_torch_warnings();
  const auto messages = transfer::make_message_sink(transfer::message_options(argc, argv));
  transfer::send_messages_to(*messages);
  auto group = transfer::single_process();
  auto output = std::make_unique<transfer::RankOutput>(*group);
  try {
    group = transfer::join_process_group();
    output = std::make_unique<transfer::RankOutput>(*group);
    const int status = run(argc, argv, group);
    transfer::expect_exit();
    return status;
  } catch (const transfer::Error& error) {
    return fail(*group, *output, error.what(), error.exit_code());
  } catch (const std::exception& error) {
    const transfer::Failure failure = transfer::explain_failure(error);
    return fail(*group, *output, failure.message, failure.code);
  }
}
