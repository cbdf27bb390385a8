#include "app/process_guard.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "app/report/failure_report.h"
#include "core/exit_code.h"
#include "core/lack_of_resources.h"
#include "core/standard_streams.h"

namespace transfer {
namespace {

std::atomic<bool> exit_is_expected = false;

constexpr std::string_view kTooLittleMemory =
    "transfer: there is not enough memory. End other programs, raise the limit on memory (ulimit "
    "-v, or that of the container or job), or give fewer --threads.\n";
constexpr std::string_view kTooFewThreads =
    "transfer: the system starts no further thread. Raise the limit on processes (ulimit -u, or "
    "the pids limit of the container), or give fewer --threads and data.workers.\n";
constexpr std::string_view kLibraryEnded =
    "transfer: a library ended the program for the reason above. Where it could not start a "
    "thread, raise the limit on processes (ulimit -u, or the pids limit of the container), or give "
    "fewer --threads; where it had too little memory, raise that limit (ulimit -v).\n";
constexpr std::string_view kFolderDeleted =
    "transfer: the current folder was deleted. Change into a folder that exists, and run the "
    "command again.\n";

[[noreturn]] void end(std::string_view message, ExitCode code) noexcept {
  write_to_stderr(message);
  ::_exit(status_of(code));
}

/// For an exception that nobody catches: thrown while a library is initialised, in a thread, or
/// while another one is reported. Takes no memory.
[[noreturn]] void report_uncaught() noexcept {
  try {
    if (const auto error = std::current_exception()) std::rethrow_exception(error);
    write_to_stderr("transfer: unexpected failure: terminated");
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) end(kTooLittleMemory, ExitCode::kResources);
    if (is_out_of_threads(error)) end(kTooFewThreads, ExitCode::kResources);
    write_to_stderr("transfer: unexpected failure: ");
    write_to_stderr(error.what());
  } catch (...) {
    write_to_stderr("transfer: unexpected failure: an unknown exception");
  }
  write_to_stderr("\n");
  write_to_stderr(kReportBug);
  end("\n", ExitCode::kUnexpected);
}

void report_exit() {
  if (!exit_is_expected) end(kLibraryEnded, ExitCode::kResources);
}

/// Runs before libraries are initialised: they open files, take memory, and end the process where
/// the current folder is missing (oneMKL).
void prepare_process(int /*argc*/, char** /*argv*/, char** /*environment*/) {
  open_standard_streams();
  std::set_terminate(report_uncaught);
  char folder[PATH_MAX];
  if (::getcwd(folder, sizeof(folder)) == nullptr && errno == ENOENT) {
    end(kFolderDeleted, ExitCode::kConfig);
  }
}

using Initialisation = void (*)(int, char**, char**);
[[gnu::section(".preinit_array"), gnu::used]] Initialisation before_libraries = prepare_process;

}  // namespace

void guard_exit() { std::atexit(report_exit); }

void expect_exit() { exit_is_expected = true; }

}  // namespace transfer
