#include "app/report/rank_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/standard_streams.h"
#include "core/visible_text.h"

namespace transfer {

RankOutput::RankOutput(const ProcessGroup& group) {
  if (group.is_rank0()) return;
  name_ = fmt::format("transfer (process {} of {})", group.rank() + 1, group.size());
  stderr_ = ::fdopen(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0), "w");
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (stderr_ == nullptr || nowhere < 0) return;
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(nowhere, STDERR_FILENO);
  ::close(nowhere);
}

RankOutput::~RankOutput() {
  if (stderr_ != nullptr) std::fclose(stderr_);
}

void RankOutput::error(const std::string& message) const {
  // Whether anybody can read it is not checked: the program ends with its own status.
  const std::string line = name_ + ": " + visible(message) + "\n";
  if (stderr_ == nullptr) return write_to_stderr(line);
  std::fwrite(line.data(), 1, line.size(), stderr_);
  std::fflush(stderr_);
}

}  // namespace transfer
