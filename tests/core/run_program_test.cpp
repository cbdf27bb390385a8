#include "core/run_program.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <system_error>

#include "core/stopwatch.h"

namespace transfer {
namespace {

using testing::HasSubstr;

TEST(RunProgram, HandsOnBothStreamsAndTheStatus) {
  std::string out;
  std::string err;
  ProgramCall call;
  call.words = {"sh", "-c", "echo \"$1\"; echo b >&2; exit 3", "sh", "a  'b"};
  call.take_out = [&out](std::string_view piece) { out += piece; };
  call.take_err = [&err](std::string_view piece) { err += piece; };
  EXPECT_EQ(run_program(call).status, 3);
  EXPECT_EQ(out, "a  'b\n");
  EXPECT_EQ(err, "b\n");
}

TEST(RunProgram, ItsInputIsEmptyAndWhatIsNotTakenIsDropped) {
  ProgramCall call;
  call.words = {"sh", "-c", "yes | head -c 300000; read -r line"};
  EXPECT_EQ(run_program(call).status, 1);
}

TEST(RunProgram, WhatItLeavesBehindWithItsStreamsIsNotWaitedFor) {
  const Stopwatch clock;
  std::string out;
  ProgramCall call;
  call.words = {"sh", "-c", "sleep 20 & echo done"};
  call.take_out = [&out](std::string_view piece) { out += piece; };
  EXPECT_EQ(run_program(call).status, 0);
  EXPECT_EQ(out, "done\n");
  EXPECT_LT(clock.seconds(), 10);
}

TEST(RunProgram, ThrowsTheReasonWhereItCannotStart) {
  ProgramCall call;
  call.words = {"/no/such/program"};
  try {
    run_program(call);
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ENOENT);
    EXPECT_THAT(error.what(), HasSubstr("/no/such/program"));
  }
}

}  // namespace
}  // namespace transfer
