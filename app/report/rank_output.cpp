#include "app/report/rank_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/messages.h"

namespace transfer {

RankOutput::RankOutput(const ProcessGroup& group) {
  if (group.is_rank0()) return;
  name_ = fmt::format("transfer (process {} of {})", group.rank() + 1, group.size());
  stderr_ = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (stderr_ < 0 || nowhere < 0) return;
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(nowhere, STDERR_FILENO);
  ::close(nowhere);
}

RankOutput::~RankOutput() {
  if (stderr_ >= 0) ::close(stderr_);
}

void RankOutput::error(const std::string& message, int status) const {
  // Whether anybody can read it is not checked: the program ends with its own status.
  if (stderr_ >= 0) ::dup2(stderr_, STDERR_FILENO);
  messages().error(name_, message, status);
}

}  // namespace transfer
