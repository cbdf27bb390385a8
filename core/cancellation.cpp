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

/// Every further message raises it again, so that only the first counts.
extern "C" void remember_closed_output(int signal) {
  if (received_signal == 0) received_signal = signal;
}

const char* name_of_stop(int signal) {
  if (signal == SIGINT) return "Ctrl-C";
  return signal == SIGPIPE ? "SIGPIPE: nothing reads the program's output any more" : "SIGTERM";
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

void stop_when_output_closes() {
  struct sigaction action = {};
  action.sa_handler = remember_closed_output;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGPIPE, &action, nullptr);
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
