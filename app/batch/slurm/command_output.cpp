#include "app/batch/slurm/command_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <system_error>

#include "app/batch/wait_status.h"
#include "core/cancellation.h"
#include "core/stopwatch.h"

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

/// Grace period in seconds once this program is told to stop.
constexpr double kSecondsAfterStop = 2;

/// Appends what can be read without waiting; sets `fd` to −1 at the end of the stream.
void read_some(pollfd& source, std::string& text) {
  std::array<char, 4096> bytes{};
  const ssize_t count = ::read(source.fd, bytes.data(), bytes.size());
  if (count < 0 && errno == EINTR) return;
  if (count <= 0) {
    source.fd = -1;
  } else {
    text.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

/// Reads both streams to their ends together, since either may fill up first; false if `clock`
/// reaches `seconds` first.
bool read_both(int out, int err, const Stopwatch& clock, double seconds, CommandOutput& output) {
  constexpr int kMilliseconds = 200;
  std::array<pollfd, 2> sources{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
  const std::array<std::string*, 2> texts{&output.out, &output.err};
  bool is_stopping = false;
  while (sources[0].fd >= 0 || sources[1].fd >= 0) {
    if (!is_stopping && stop_signal() != 0) {
      is_stopping = true;
      seconds = std::min(seconds, clock.seconds() + kSecondsAfterStop);
    }
    if (clock.seconds() >= seconds) return false;
    const int ready = ::poll(sources.data(), sources.size(), kMilliseconds);
    if (ready < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "poll");
    }
    for (std::size_t i = 0; ready > 0 && i < sources.size(); ++i) {
      if (sources[i].fd >= 0 && sources[i].revents != 0) read_some(sources[i], *texts[i]);
    }
  }
  return true;
}

int wait_for(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid");
  }
  return exit_status(status);
}

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

}  // namespace

CommandOutput run_command(const std::vector<std::string>& arguments,
                          const CommandOptions& options) {
  std::vector<std::string> words = arguments;
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  Pipe out;
  Pipe err;
  const SpawnOptions spawn(out, err);
  pid_t process = 0;
  const int error = ::posix_spawnp(&process, pointers[0], &spawn.actions, &spawn.attributes,
                                   pointers.data(), visible_environment(options.hidden).data());
  if (error == ENOENT || error == EACCES) {
    throw MissingProgram(fmt::format("{}: {} on PATH. {}", arguments.front(),
                                     error == ENOENT ? "not found" : "no executable program",
                                     options.remedy));
  }
  if (error != 0) throw std::system_error(error, std::generic_category(), arguments.front());
  out.close_writing();
  err.close_writing();
  CommandOutput output;
  const Stopwatch clock;
  if (!read_both(out.reading(), err.reading(), clock, options.seconds, output)) {
    ::kill(-process, SIGKILL);
    output.err += fmt::format("{} did not end within {:.0f} seconds and was killed\n",
                              arguments.front(), clock.seconds());
  }
  output.status = wait_for(process);
  return output;
}

}  // namespace transfer
