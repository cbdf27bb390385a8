#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace transfer {

/// Another process of this very program. The system kills it when this process ends, even by
/// SIGKILL. A terminal's Ctrl-C does not reach it, so that only `stop` asks it to stop.
class ChildProcess {
 public:
  /// Starts `transfer ARGUMENTS…` and appends its output to `log`. Throws OutputError when the log
  /// cannot be written, and std::system_error when no process can be made. REQUIRES: called by a
  /// thread that lives as long as the child.
  static ChildProcess start(const std::vector<std::string>& arguments,
                            const std::filesystem::path& log);

  /// Its exit status once it has ended, 128 + N where signal N killed it; nothing before.
  std::optional<int> poll();
  /// Asks it to stop with a checkpoint (SIGTERM).
  void stop() const;

 private:
  explicit ChildProcess(pid_t process) : process_(process) {}

  pid_t process_;
  std::optional<int> status_;
};

}  // namespace transfer
