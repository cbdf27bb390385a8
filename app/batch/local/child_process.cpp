#include "app/batch/local/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "core/errors.h"
#include "core/wait_status.h"
#include "core/write_failure.h"

namespace transfer {
namespace {

constexpr int kNotStarted = 127;

/// The files that become the child's streams; this process closes its own copies.
struct Streams {
  int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  int log = -1;

  explicit Streams(const std::filesystem::path& file)
      : log(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {}
  ~Streams() {
    ::close(input);
    ::close(log);
  }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;
};

/// Blocks the signals that stop a program while it lives, so that none is lost between fork and
/// exec, where the parent's handlers are still installed.
class StopSignalsHeld {
 public:
  StopSignalsHeld() {
    sigset_t stop;
    ::sigemptyset(&stop);
    ::sigaddset(&stop, SIGINT);
    ::sigaddset(&stop, SIGTERM);
    ::sigaddset(&stop, SIGHUP);
    ::sigprocmask(SIG_BLOCK, &stop, &before_);
  }
  ~StopSignalsHeld() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  StopSignalsHeld(const StopSignalsHeld&) = delete;
  StopSignalsHeld& operator=(const StopSignalsHeld&) = delete;

  /// For the child: a signal that was blocked now ends it, unless it is ignored (nohup).
  void let_through_in_child() const {
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGTERM, SIG_DFL);
    struct sigaction hangup = {};
    ::sigaction(SIGHUP, nullptr, &hangup);
    if (hangup.sa_handler != SIG_IGN) ::signal(SIGHUP, SIG_DFL);
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t before_;
};

/// The child between fork and exec: only calls that POSIX allows there.
[[noreturn]] void become_child(pid_t parent, const Streams& streams, const StopSignalsHeld& held,
                               char* const* arguments) {
  held.let_through_in_child();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kNotStarted);  // the parent died before the line above
  ::setpgid(0, 0);
  ::dup2(streams.input, STDIN_FILENO);
  ::dup2(streams.log, STDOUT_FILENO);
  ::dup2(streams.log, STDERR_FILENO);
  // The running program, even if its file has been replaced since.
  ::execv("/proc/self/exe", arguments);
  ::_exit(kNotStarted);
}

}  // namespace

ChildProcess ChildProcess::start(const std::vector<std::string>& arguments,
                                 const std::filesystem::path& log) {
  const Streams streams(log);
  if (streams.log < 0) throw write_failure(log, errno);
  std::vector<std::string> words = arguments;
  words.insert(words.begin(), "transfer");
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const pid_t parent = ::getpid();
  const StopSignalsHeld held;
  const pid_t process = ::fork();
  if (process < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (process == 0) become_child(parent, streams, held, pointers.data());
  return ChildProcess(process);
}

std::optional<int> ChildProcess::poll() {
  if (status_) return status_;
  int status = 0;
  if (::waitpid(process_, &status, WNOHANG) != process_) return std::nullopt;
  status_ = exit_status(status);
  return status_;
}

void ChildProcess::stop() const {
  if (!status_) ::kill(process_, SIGTERM);
}

}  // namespace transfer
