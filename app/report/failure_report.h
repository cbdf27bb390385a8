#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "core/exit_code.h"

namespace transfer {

/// What a message says about an error that nobody but this program can be blamed for.
inline constexpr std::string_view kReportBug =
    "This is a bug of transfer's, not a mistake of yours. Please report it as an issue of the "
    "project, with the command, what it printed, and the output of `transfer --version`.";

/// What the program says at its end about a failure, and its exit code.
struct Failure {
  std::string message;
  ExitCode code = ExitCode::kUnexpected;
};

/// Explains an exception that is no transfer::Error: too little memory, threads or open files, a
/// folder that has gone; anything else is a bug of the program's, and the message says how to
/// report it.
Failure explain_failure(const std::exception& error);

}  // namespace transfer
