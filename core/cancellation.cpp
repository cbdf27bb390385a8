#include "core/cancellation.h"

#include <unistd.h>

#include <csignal>
#include <string>

#include "core/errors.h"

namespace transfer {
namespace {

volatile std::sig_atomic_t received_signal = 0;

extern "C" void remember_signal(int signal) {
  if (received_signal != 0) {
    // A signal's default action does not end process 1, as which a container starts us.
    if (::getpid() == 1) ::_exit(128 + signal);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    return;
  }
  received_signal = signal;
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
}

int stop_signal() { return received_signal; }

void throw_if_stopped() {
  const int signal = received_signal;
  if (signal != 0) throw_stopped(signal);
}

void throw_stopped(int signal) {
  throw Interrupted(std::string("stopped by ") + (signal == SIGINT ? "Ctrl-C" : "SIGTERM"), signal);
}

}  // namespace transfer
