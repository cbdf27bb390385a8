#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace transfer {

/// A status from waitpid as shells tell it: the exit status, 128 + N where signal N ended it.
int exit_status(int wait_status);

/// Another process of this very program. It is killed when this one ends, however that happens; a
/// terminal's Ctrl-C does not reach it, so that it is asked to stop once, by `stop`.
class ChildProcess {
 public:
  /// Starts `transfer ARGUMENTS…`; what it prints goes to the end of `log`. Throws OutputError when
  /// the log cannot be written, and std::system_error when no process can be made. REQUIRES: called
  /// by a thread that lives as long as the child.
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
