#include "core/standard_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "core/cancellation.h"

namespace transfer {
namespace {

volatile std::sig_atomic_t line_is_open = 0;

/// The smallest free descriptor, which open() gives, is the one that is missing.
void open_if_closed(int descriptor, int access) noexcept {
  if (::fcntl(descriptor, F_GETFD) == -1 && errno == EBADF) (void)::open("/dev/null", access);
}

}  // namespace

void open_standard_streams() noexcept {
  const int before = errno;
  // The wrong way round, so that a lost result or list is an error and no empty one.
  open_if_closed(STDIN_FILENO, O_WRONLY);
  open_if_closed(STDOUT_FILENO, O_RDONLY);
  open_if_closed(STDERR_FILENO, O_WRONLY);
  errno = before;
}

bool stdout_has_no_reader() noexcept {
  pollfd output{STDOUT_FILENO, 0, 0};
  return ::poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

void write_to_stderr(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE && stdout_has_no_reader()) note_closed_output();
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void leave_line_open(bool is_open) noexcept { line_is_open = is_open ? 1 : 0; }

void end_open_line() noexcept {
  if (line_is_open == 0) return;
  line_is_open = 0;
  (void)!::write(STDERR_FILENO, "\n", 1);
}

}  // namespace transfer
