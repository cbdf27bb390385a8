#include "core/cancellation.h"

#include <unistd.h>

#include <csignal>
#include <string>

#include "core/errors.h"
#include "core/standard_streams.h"

namespace transfer {
namespace {

volatile std::sig_atomic_t received_signal = 0;

extern "C" void remember_signal(int signal) {
  if (received_signal != 0) {
    if (signal == SIGHUP) return;
    end_open_line();
    // A signal's default action does not end process 1, as which a container starts us.
    if (::getpid() == 1) ::_exit(128 + signal);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    return;
  }
  received_signal = signal;
}

const char* name_of_stop(int signal) {
  switch (signal) {
    case SIGINT: return "Ctrl-C";
    case SIGHUP: return "SIGHUP: the terminal or the connection was closed";
    case SIGPIPE: return "SIGPIPE: nothing reads the program's output any more";
    default: return "SIGTERM";
  }
}

bool is_ignored(int signal) {
  struct sigaction action = {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action = {};
  action.sa_handler = remember_signal;
  sigemptyset(&action.sa_mask);
  // Without SA_RESTART a read that waits for input returns, so that the flag is seen.
  action.sa_flags = 0;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  if (!is_ignored(SIGHUP)) sigaction(SIGHUP, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

void note_closed_output() noexcept {
  if (received_signal == 0) received_signal = SIGPIPE;
}

void end_by_closed_output() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
  ::_exit(128 + SIGPIPE);  // it was blocked, or this is a container's first process
}

int stop_signal() { return received_signal; }

void throw_if_stopped() {
  const int signal = received_signal;
  if (signal != 0) throw_stopped(signal);
}

void throw_stopped(int signal) {
  throw Interrupted(std::string("stopped by ") + name_of_stop(signal), signal);
}

}  // namespace transfer
