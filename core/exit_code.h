#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// The status that the program ends with.
enum class ExitCode {
  kDone = 0,
  kUnexpected = 1,
  kConfig = 2,
  kData = 3,
  kModel = 4,
  kDevice = 5,
  kOutput = 6,
  kTraining = 7,
  kBatch = 8,
  kResources = 9,
  kSighup = 129,
  kSigint = 130,
  kSigpipe = 141,
  kSigterm = 143,
};

/// As a shell sees it.
constexpr int status_of(ExitCode code) { return static_cast<int>(code); }

/// The status after a signal, by the convention of shells.
constexpr ExitCode exit_code_of_signal(int signal) { return static_cast<ExitCode>(128 + signal); }

/// Properties of one exit code.
struct ExitCodeFacts {
  ExitCode code;
  /// What went wrong, for `transfer --help`.
  std::string_view meaning;
  /// Whether the user has to change something: the same command would fail the same way, so that
  /// `transfer batch` does not retry the job.
  bool is_users_mistake;
};

/// All exit codes, by number.
const std::vector<ExitCodeFacts>& list_exit_codes();

/// Whether a process that ended with `status` met a mistake of the user's. False for a status that
/// is not in the list, such as that of a crash.
bool is_users_mistake(int status);

/// The list for `transfer --help`, one row per code.
std::string exit_codes_text();

}  // namespace transfer
