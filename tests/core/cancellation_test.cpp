#include "core/cancellation.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "core/errors.h"

namespace transfer {
namespace {

/// Waits for input that never comes while another thread sends the signal. Ends the process with
/// the exit code of Interrupted.
void wait_for_input(int signal) {
  int ends[2];
  if (::pipe(ends) != 0) std::exit(1);
  install_signal_handlers();
  std::thread([waiting = ::pthread_self(), signal] {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    ::pthread_kill(waiting, signal);
  }).detach();
  char byte = 0;
  const auto got = ::read(ends[0], &byte, 1);
  if (got != -1 || errno != EINTR) std::exit(2);
  try {
    throw_if_stopped();
  } catch (const Interrupted& stop) {
    std::exit(stop.exit_code());
  }
  std::exit(3);
}

TEST(Cancellation, ASignalEndsAReadThatWaits) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(wait_for_input(SIGINT), testing::ExitedWithCode(130), "");
  EXPECT_EXIT(wait_for_input(SIGTERM), testing::ExitedWithCode(143), "");
}

}  // namespace
}  // namespace transfer
