#include "core/standard_streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "core/cancellation.h"

namespace transfer {
namespace {

/// The writing end of a pipe that nobody reads.
int pipe_without_reader() {
  int ends[2];
  if (::pipe(ends) != 0) ::_exit(100);
  ::close(ends[0]);
  return ends[1];
}

/// Ends the process with 0 where writing to stderr neither ends it nor asks it to stop, with
/// `kStops` where it asks to.
constexpr int kStops = 3;
void write_messages(int standard_error, int standard_output) {
  install_signal_handlers();
  ::dup2(standard_error, STDERR_FILENO);
  ::dup2(standard_output, STDOUT_FILENO);
  write_to_stderr("a message\n");
  ::_exit(stop_signal() == SIGPIPE ? kStops : stop_signal());
}

TEST(StandardStreams, AMessageThatNobodyReadsDoesNoHarm) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  EXPECT_EXIT(write_messages(pipe_without_reader(), null), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(write_messages(full, null), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(write_messages(full, pipe_without_reader()), testing::ExitedWithCode(0), "");
}

TEST(StandardStreams, WithoutAReaderOfResultsEitherTheWorkIsToStop) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto lose_both = [] {
    const int closed = pipe_without_reader();
    write_messages(closed, closed);
  };
  EXPECT_EXIT(lose_both(), testing::ExitedWithCode(kStops), "");
}

TEST(StandardStreams, FilesDoNotTakeThePlaceOfClosedOnes) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto open_after_closing = [] {
    for (const int descriptor : {0, 1, 2}) ::close(descriptor);
    open_standard_streams();
    if (::open("/dev/null", O_RDONLY | O_CLOEXEC) <= 2) ::_exit(1);
    char byte = 0;
    if (::read(0, &byte, 1) != -1) ::_exit(2);
    if (::write(1, "x", 1) != -1) ::_exit(3);
    if (::write(2, "x", 1) != 1) ::_exit(4);
    ::_exit(0);
  };
  EXPECT_EXIT(open_after_closing(), testing::ExitedWithCode(0), "");
}

TEST(StandardStreams, OpenOnesStayAsTheyAre) {
  const auto before = ::fcntl(STDERR_FILENO, F_GETFL);
  open_standard_streams();
  EXPECT_EQ(::fcntl(STDERR_FILENO, F_GETFL), before);
  EXPECT_FALSE(stdout_has_no_reader());
}

}  // namespace
}  // namespace transfer
