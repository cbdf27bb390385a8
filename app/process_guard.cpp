#include "app/process_guard.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <exception>
#include <initializer_list>
#include <string_view>

#include "app/report/failure_report.h"
#include "core/exit_code.h"
#include "core/lack_of_resources.h"
#include "core/standard_streams.h"

namespace transfer {
namespace {

std::atomic<bool> exit_is_expected = false;
/// Whether stderr is read as JSON Lines. Set once, before anything else runs.
bool logs_json = false;

constexpr std::string_view kTooLittleMemory =
    "there is not enough memory. End other programs, raise the limit on memory (ulimit "
    "-v, or that of the container or job), or give fewer --threads.";
constexpr std::string_view kTooFewThreads =
    "the system starts no further thread. Raise the limit on processes (ulimit -u, or "
    "the pids limit of the container), or give fewer --threads and data.workers.";
constexpr std::string_view kLibraryEnded =
    "a library ended the program for the reason above. Where it could not start a "
    "thread, raise the limit on processes (ulimit -u, or the pids limit of the container), or give "
    "fewer --threads; where it had too little memory, raise that limit (ulimit -v).";
constexpr std::string_view kFolderDeleted =
    "the current folder was deleted. Change into a folder that exists, and run the "
    "command again.";

/// Writes what may stand between the quotes of JSON.
void write_in_quotes(std::string_view text) noexcept {
  for (const char character : text) {
    const bool is_control = static_cast<unsigned char>(character) < ' ';
    const char shown = is_control ? ' ' : character;
    if (shown == '"' || shown == '\\') write_to_stderr("\\");
    write_to_stderr({&shown, 1});
  }
}

/// Tells of the error that ends the program, as JsonMessages and TerminalMessages would, and takes
/// no memory for it.
[[noreturn]] void end(std::initializer_list<std::string_view> message, ExitCode code) noexcept {
  end_open_line();
  const int status = status_of(code);
  write_to_stderr(logs_json ? R"({"event":"error","text":")" : "transfer: ");
  for (const std::string_view part : message) {
    logs_json ? write_in_quotes(part) : write_to_stderr(part);
  }
  if (logs_json) {
    const char digits[] = {static_cast<char>('0' + status / 10 % 10),
                           static_cast<char>('0' + status % 10)};
    write_to_stderr(R"(","program":"transfer","exit_status":)");
    write_to_stderr(status < 10 ? std::string_view(digits + 1, 1) : std::string_view(digits, 2));
    write_to_stderr("}");
  }
  write_to_stderr("\n");
  ::_exit(status);
}

/// For an exception that nobody catches: thrown while a library is initialised, in a thread, or
/// while another one is reported. Takes no memory.
[[noreturn]] void report_uncaught() noexcept {
  constexpr std::string_view kUnexpected = "unexpected failure: ";
  constexpr auto kCode = ExitCode::kUnexpected;
  try {
    if (const auto error = std::current_exception()) std::rethrow_exception(error);
    end({kUnexpected, "terminated", "\n", kReportBug}, kCode);
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) end({kTooLittleMemory}, ExitCode::kResources);
    if (is_out_of_threads(error)) end({kTooFewThreads}, ExitCode::kResources);
    end({kUnexpected, error.what(), "\n", kReportBug}, kCode);
  } catch (...) {
    end({kUnexpected, "an unknown exception", "\n", kReportBug}, kCode);
  }
}

void report_exit() {
  if (!exit_is_expected) end({kLibraryEnded}, ExitCode::kResources);
}

/// Runs before libraries are initialised: they open files, take memory, and end the process where
/// the current folder is missing (oneMKL).
void prepare_process(int argc, char** argv, char** /*environment*/) {
  open_standard_streams();
  for (int i = 1; i < argc; ++i) logs_json |= std::string_view(argv[i]) == "--log-json";
  std::set_terminate(report_uncaught);
  char folder[PATH_MAX];
  if (::getcwd(folder, sizeof(folder)) == nullptr && errno == ENOENT) {
    end({kFolderDeleted}, ExitCode::kConfig);
  }
}

using Initialisation = void (*)(int, char**, char**);
[[gnu::section(".preinit_array"), gnu::used]] Initialisation before_libraries = prepare_process;

}  // namespace

void guard_exit() { std::atexit(report_exit); }

void expect_exit() { exit_is_expected = true; }

}  // namespace transfer
