#include "core/cancellation.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
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
  ::signal(SIGHUP, SIG_DFL);  // the tests may run under nohup
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
    std::exit(status_of(stop.exit_code()));
  }
  std::exit(3);
}

constexpr int kNotAllowedHere = 77;

/// Exit status of `work` as the first process of a PID namespace of its own, like a container's;
/// kNotAllowedHere where such may not be made.
int status_as_first_process(void (*work)()) {
  const auto status_of = [](pid_t process) {
    int status = 0;
    ::waitpid(process, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  const pid_t outside = ::fork();
  if (outside != 0) return status_of(outside);
  if (::unshare(CLONE_NEWPID) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {
    ::_exit(kNotAllowedHere);
  }
  const pid_t first = ::fork();
  if (first != 0) ::_exit(status_of(first));
  work();
  ::_exit(0);
}

TEST(Cancellation, ASecondSignalEndsAContainersFirstProcessToo) {
  const int status = status_as_first_process([] {
    if (::getpid() != 1) ::_exit(1);
    install_signal_handlers();
    ::raise(SIGTERM);
    if (stop_signal() != SIGTERM) ::_exit(2);
    ::raise(SIGTERM);
  });
  if (status == kNotAllowedHere) GTEST_SKIP() << "PID namespaces are not allowed here";
  EXPECT_EQ(status, 143);
}

TEST(Cancellation, AClosedTerminalStopsOnceHoweverOftenItSaysSo) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto hang_up_twice = [] {
    ::signal(SIGHUP, SIG_DFL);  // the tests may run under nohup
    install_signal_handlers();
    ::raise(SIGHUP);
    ::raise(SIGHUP);
    ::_exit(stop_signal() == SIGHUP ? 0 : 1);
  };
  EXPECT_EXIT(hang_up_twice(), testing::ExitedWithCode(0), "");
  const auto hang_up_under_nohup = [] {
    ::signal(SIGHUP, SIG_IGN);
    install_signal_handlers();
    ::raise(SIGHUP);
    ::_exit(stop_signal());
  };
  EXPECT_EXIT(hang_up_under_nohup(), testing::ExitedWithCode(0), "");
}

TEST(Cancellation, AnOutputThatNobodyReadsEndsTheProcessAsSigpipeDoes) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto end = [] {
    install_signal_handlers();
    end_by_closed_output();
  };
  EXPECT_EXIT(end(), testing::KilledBySignal(SIGPIPE), "");
}

TEST(Cancellation, ASignalEndsAReadThatWaits) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(wait_for_input(SIGINT), testing::ExitedWithCode(130), "");
  EXPECT_EXIT(wait_for_input(SIGTERM), testing::ExitedWithCode(143), "");
  EXPECT_EXIT(wait_for_input(SIGHUP), testing::ExitedWithCode(129), "");
}

}  // namespace
}  // namespace transfer
