#include "core/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <system_error>

#include "core/cancellation.h"
#include "core/stopwatch.h"
#include "core/wait_status.h"

namespace transfer {
namespace {

/// A pipe that a child inherits only through a file action.
class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) {
      throw std::system_error(errno, std::generic_category(), "pipe");
    }
  }
  ~Pipe() {
    close_writing();
    ::close(ends_[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reading() const { return ends_[0]; }
  int writing() const { return ends_[1]; }
  void close_writing() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

/// How posix_spawn sets the process up.
struct SpawnOptions {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  SpawnOptions(const Pipe& out, const Pipe& err) {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, out.writing(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err.writing(), STDERR_FILENO);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    sigset_t ignored_here;  // see install_signal_handlers()
    ::sigemptyset(&ignored_here);
    ::sigaddset(&ignored_here, SIGPIPE);
    ::sigaddset(&ignored_here, SIGXFSZ);
    ::posix_spawnattr_setsigdefault(&attributes, &ignored_here);
    ::posix_spawnattr_setpgroup(&attributes, 0);
  }
  ~SpawnOptions() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;
};

/// The environment without the hidden variables, as `NAME=VALUE`.
std::vector<char*> visible_environment(const std::vector<std::string>& hidden) {
  std::vector<char*> visible;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    const bool is_hidden = std::any_of(hidden.begin(), hidden.end(), [name](std::string_view word) {
      return word.ends_with('*') ? name.starts_with(word.substr(0, word.size() - 1)) : name == word;
    });
    if (!is_hidden) visible.push_back(*entry);
  }
  visible.push_back(nullptr);
  return visible;
}

/// A process that was started, the leader of a process group of its own.
class Child {
 public:
  explicit Child(pid_t process) : process_(process) {}
  ~Child() {
    if (status_) return;  // an exception came in between
    signal(SIGKILL);
    wait(0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Sends a signal to it and to what it has started.
  void signal(int number) const { ::kill(-process_, number); }
  bool has_ended() { return wait(WNOHANG); }
  int wait_for_end() {
    wait(0);
    return *status_;
  }

 private:
  bool wait(int flags) {
    while (!status_) {
      int status = 0;
      const pid_t ended = ::waitpid(process_, &status, flags);
      if (ended == process_) status_ = exit_status(status);
      if (ended == 0) break;
      if (ended < 0 && errno != EINTR) status_ = 127;  // not a child any more
    }
    return status_.has_value();
  }

  pid_t process_;
  std::optional<int> status_;
};

pid_t start(const ProgramCall& call, const Pipe& out, const Pipe& err) {
  std::vector<std::string> words = call.words;
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const SpawnOptions spawn(out, err);
  pid_t process = 0;
  const int error = ::posix_spawnp(&process, pointers[0], &spawn.actions, &spawn.attributes,
                                   pointers.data(), visible_environment(call.hidden).data());
  if (error != 0) throw std::system_error(error, std::generic_category(), call.words.front());
  return process;
}

/// Hands on what can be read without waiting; sets `fd` to −1 at the end of the stream.
void read_some(pollfd& source, const ProgramCall::Take& take) {
  std::array<char, 4096> bytes{};
  const ssize_t count = ::read(source.fd, bytes.data(), bytes.size());
  if (count < 0 && errno == EINTR) return;
  if (count <= 0) {
    source.fd = -1;
  } else if (take) {
    take(std::string_view(bytes.data(), static_cast<std::size_t>(count)));
  }
}

/// Reads both streams to their ends together, since either may fill up first; false where the
/// program's time is over first.
bool read_both(Child& child, const Pipe& out, const Pipe& err, const ProgramCall& call,
               const Stopwatch& clock) {
  constexpr int kMilliseconds = 100;
  std::array<pollfd, 2> sources{pollfd{out.reading(), POLLIN, 0}, pollfd{err.reading(), POLLIN, 0}};
  const std::array<const ProgramCall::Take*, 2> takes{&call.take_out, &call.take_err};
  double seconds = call.seconds;
  bool is_stopping = false;
  while (sources[0].fd >= 0 || sources[1].fd >= 0) {
    if (!is_stopping && stop_signal() != 0) {
      is_stopping = true;
      seconds = std::min(seconds, clock.seconds() + call.seconds_to_stop);
      if (call.signal_to_stop != 0) child.signal(call.signal_to_stop);
    }
    if (clock.seconds() >= seconds) return false;
    const int ready = ::poll(sources.data(), sources.size(), kMilliseconds);
    if (ready < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "poll");
    }
    for (std::size_t i = 0; ready > 0 && i < sources.size(); ++i) {
      if (sources[i].fd >= 0 && sources[i].revents != 0) read_some(sources[i], *takes[i]);
    }
    if (ready == 0 && child.has_ended()) return true;  // another program has its streams
  }
  return true;
}

}  // namespace

ProgramEnd run_program(const ProgramCall& call) {
  Pipe out;
  Pipe err;
  Child child(start(call, out, err));
  out.close_writing();
  err.close_writing();
  const Stopwatch clock;
  ProgramEnd end;
  end.was_killed = !read_both(child, out, err, call, clock);
  if (end.was_killed) child.signal(SIGKILL);
  end.seconds = clock.seconds();
  end.status = child.wait_for_end();
  return end;
}

}  // namespace transfer
