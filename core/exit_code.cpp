#include "core/exit_code.h"

#include <fmt/format.h>

#include <algorithm>

namespace transfer {

const std::vector<ExitCodeFacts>& list_exit_codes() {
  static const std::vector<ExitCodeFacts> codes = {
      {ExitCode::kDone, "done", false},
      {ExitCode::kUnexpected, "unexpected failure: a bug of transfer's", false},
      {ExitCode::kConfig, "flags or configuration", true},
      {ExitCode::kData, "data", true},
      {ExitCode::kModel, "backbone or model file", true},
      {ExitCode::kDevice, "device", true},
      {ExitCode::kOutput, "output cannot be written", false},
      {ExitCode::kTraining, "training cannot continue, such as after a NaN loss", true},
      {ExitCode::kBatch, "a batch has jobs that failed", false},
      {ExitCode::kResources, "too little memory, or too few threads or open files allowed", false},
      {ExitCode::kSighup, "stopped since the terminal was closed (SIGHUP)", false},
      {ExitCode::kSigint, "stopped by Ctrl-C", false},
      {ExitCode::kSigpipe, "stopped since nothing reads the output", false},
      {ExitCode::kSigterm, "stopped by SIGTERM", false},
  };
  return codes;
}

bool is_users_mistake(int status) {
  const auto& codes = list_exit_codes();
  return std::any_of(codes.begin(), codes.end(), [status](const ExitCodeFacts& facts) {
    return status_of(facts.code) == status && facts.is_users_mistake;
  });
}

std::string exit_codes_text() {
  std::string text = "Exit codes:\n";
  for (const ExitCodeFacts& facts : list_exit_codes()) {
    text += fmt::format("  {:>3}  {}\n", status_of(facts.code), facts.meaning);
  }
  return text;
}

}  // namespace transfer
