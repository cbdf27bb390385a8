#include "core/exit_code.h"

#include <gmock/gmock.h>

#include <csignal>

#include "core/errors.h"

namespace transfer {
namespace {

using testing::HasSubstr;

TEST(ExitCode, WhatTheUserHasToChangeIsKnownByTheStatus) {
  for (const int status : {2, 3, 4, 5, 7}) EXPECT_TRUE(is_users_mistake(status)) << status;
  for (const int status : {0, 1, 6, 8, 9, 129, 130, 143, 139, 255}) {
    EXPECT_FALSE(is_users_mistake(status)) << status;
  }
}

TEST(ExitCode, SignalsHaveTheStatusOfShells) {
  EXPECT_EQ(exit_code_of_signal(SIGINT), ExitCode::kSigint);
  EXPECT_EQ(exit_code_of_signal(SIGTERM), ExitCode::kSigterm);
  EXPECT_EQ(status_of(Interrupted("stopped", SIGTERM).exit_code()), 143);
  EXPECT_EQ(Interrupted("stopped", SIGINT).signal(), SIGINT);
}

TEST(ExitCode, TheListForUsersHasEachCodeOnce) {
  const std::string text = exit_codes_text();
  int last = -1;
  for (const ExitCodeFacts& facts : list_exit_codes()) {
    EXPECT_GT(status_of(facts.code), last);
    last = status_of(facts.code);
    EXPECT_THAT(text, HasSubstr(std::to_string(last) + "  " + std::string(facts.meaning)));
  }
  EXPECT_EQ(last, 143);
}

}  // namespace
}  // namespace transfer
