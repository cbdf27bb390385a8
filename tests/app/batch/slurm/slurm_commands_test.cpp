#include "app/batch/slurm/slurm_commands.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "app/batch/slurm/command_output.h"
#include "app/batch/slurm/slurm_submissions.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/stopwatch.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::ThrowsMessage;

TEST(CommandOutput, ArgumentsArriveAsTheyAre) {
  const auto done = run_command(
      {"sh", "-c", "printf '<%s>' \"$@\"; echo oops >&2; exit 3", "sh", "a b", "it's", "$HOME", ""},
      {});
  EXPECT_EQ(done.out, "<a b><it's><$HOME><>");
  EXPECT_EQ(done.err, "oops\n");
  EXPECT_EQ(done.status, 3);
  EXPECT_EQ(run_command({"sh", "-c", "kill -9 $$"}, {}).status, 137);
}

TEST(CommandOutput, MuchOutputOnBothStreamsIsReadToTheEnd) {
  const auto done =
      run_command({"sh", "-c", "yes a | head -c 300000; yes b | head -c 300000 >&2"}, {});
  EXPECT_EQ(done.out.size(), 300000U);
  EXPECT_EQ(done.err.size(), 300000U);
}

TEST(CommandOutput, WhatTakesTooLongIsKilledWithItsChildren) {
  const Stopwatch clock;
  const auto done = run_command({"sh", "-c", "echo a; sleep 60; echo b"}, {"", {}, 0.5});
  EXPECT_LT(clock.seconds(), 30);
  EXPECT_EQ(done.status, 137);
  EXPECT_EQ(done.out, "a\n");
  EXPECT_THAT(done.err, HasSubstr("did not end within"));
}

TEST(CommandOutput, HiddenVariablesAreNotSeen) {
  setenv("TEST_SHOWN", "1", 1);
  setenv("TEST_HIDDEN", "2", 1);
  setenv("TESTS_1", "3", 1);
  const auto done = run_command({"sh", "-c", "echo $TEST_SHOWN,$TEST_HIDDEN,$TESTS_1"},
                                {"", {"TEST_HIDDEN", "TESTS_*"}});
  EXPECT_EQ(done.out, "1,,\n");
  for (const char* name : {"TEST_SHOWN", "TEST_HIDDEN", "TESTS_1"}) unsetenv(name);
}

TEST(CommandOutput, AProgramThatIsMissingIsNamed) {
  try {
    run_command({"no-such-program", "x"}, {"Install it."});
    FAIL();
  } catch (const MissingProgram& error) {
    EXPECT_STREQ(error.what(), "no-such-program: not found on PATH. Install it.");
  }
}

TEST(SlurmCommands, QueueLinesAreTasks) {
  const auto tasks = parse_queue(
      "12_1|RUNNING|a-1|None\n12_2|PENDING|a-2|JobHeldUser\n12_[3-9%2]|PENDING|a-1|None\n"
      "13|RUNNING|no array|None\nnoise\n");
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[0].id, "12_1");
  EXPECT_EQ(tasks[0].state, "RUNNING");
  EXPECT_FALSE(is_held(tasks[0]));
  EXPECT_EQ(tasks[1].name, "a-2");
  for (const char* reason : {"JobHeldUser", "JobHeldAdmin", "JobHoldMaxRequeue",
                             "job_requeued_in_held_state", "launch_failed_requeued_held"}) {
    EXPECT_TRUE(is_held({"1_1", "PENDING", "a", reason})) << reason;
    EXPECT_FALSE(is_held({"1_1", "RUNNING", "a", reason})) << reason;
  }
  EXPECT_TRUE(is_held({"1_1", "SPECIAL_EXIT", "a", "special_exit_state"}));
  for (const char* reason : {"Priority", "Resources", "Dependency", "BeginTime"}) {
    EXPECT_FALSE(is_held({"1_1", "PENDING", "a", reason})) << reason;
  }
}

TEST(SlurmCommands, JobNumbersAndAccounts) {
  EXPECT_EQ(parse_job("123\n"), "123");
  EXPECT_EQ(parse_job("123;cluster\n"), "123");
  EXPECT_EQ(parse_job("Submitted batch job 123\n"), "");
  EXPECT_EQ(parse_job(""), "");
  EXPECT_THAT(parse_accounting("7_1|COMPLETED\n7_2|CANCELLED by 1000\n7_2.batch|x\n"),
              ElementsAre(Pair("7_1", "COMPLETED"), Pair("7_2", "CANCELLED")));
}

TEST(SlurmCommands, TheLargestIndexIsOneLessThanTheSizeOfArrays) {
  EXPECT_EQ(parse_largest_index("MailProg                = /bin/mail\n"
                                "MaxArraySize            = 1001\nMaxJobCount = 10000\n"),
            1000);
  EXPECT_EQ(parse_largest_index("slurm_load_ctl_conf error"), std::nullopt);
  EXPECT_NO_THROW(require_array_size(1000));
}

TEST(SlurmCommands, StatesThatWaitRunOrAreOver) {
  for (const char* state : {"COMPLETED", "CANCELLED", "TIMEOUT", "PREEMPTED", "OUT_OF_MEMORY"}) {
    EXPECT_TRUE(is_over(state)) << state;
  }
  for (const char* state : {"PENDING", "RUNNING", "COMPLETING", "REQUEUED", "SUSPENDED"}) {
    EXPECT_FALSE(is_over(state)) << state;
  }
  EXPECT_TRUE(is_pending("PENDING"));
  EXPECT_TRUE(is_pending("REQUEUE_HOLD"));
  EXPECT_FALSE(is_pending("RUNNING"));
  EXPECT_FALSE(is_pending("COMPLETING"));
}

SlurmSubmission submission(const std::string& name) {
  return {name, "", {{1, {"bees", "key1"}}, {3, {"steel", "key3"}}}};
}

/// Slurm's numbers of the arrays in a batch's record.
std::vector<std::string> arrays_in(const std::filesystem::path& folder) {
  std::vector<std::string> numbers;
  const auto record = nlohmann::json::parse(read_file(folder / "slurm.json"));
  for (const auto& array : record.at("submissions")) {
    numbers.push_back(array.at("slurm_job").get<std::string>());
  }
  return numbers;
}

TEST(SlurmSubmissions, OutliveTheProgramUntilSlurmHasFinishedWithThem) {
  const TemporaryFolder folder;
  {
    SlurmSubmissions written(folder.path());
    written.add(submission("a-1"));
    written.set_job("12");
    written.add(submission("a-2"));
  }
  SlurmSubmissions read(folder.path());
  EXPECT_THAT(arrays_in(folder.path()), ElementsAre("12", ""))
      << "the program ended before sbatch answered for the second";
  read.keep_active({{"12_1", "COMPLETED", "a-1"},
                    {"13_3", "PENDING", "a-2"},
                    {"13_1", "FAILED", "a-2"},
                    {"13_9", "PENDING", "a-2"},
                    {"14_1", "RUNNING", "another's"}});
  const auto& active = read.active();
  ASSERT_EQ(active.size(), 1U);
  EXPECT_EQ(active[0].id, "13_3");
  EXPECT_EQ(active[0].job.name, "steel");
  EXPECT_EQ(active[0].job.key, "key3");
  EXPECT_THAT(arrays_in(folder.path()), ElementsAre(""));
  read.keep_active({});
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "slurm.json"));
}

TEST(SlurmSubmissions, JobsThatAreInSlurmAreNotRunTwice) {
  const TemporaryFolder folder;
  BatchPlan plan;
  plan.jobs.resize(1);
  plan.jobs[0].job.name = "bees";
  plan.jobs[0].key = "key1";
  SlurmSubmissions submissions(folder.path());
  EXPECT_NO_THROW(submissions.refuse_active_jobs());
  submissions.add(submission("a-1"));
  submissions.keep_active({{"12_1", "RUNNING", "a-1"}, {"12_3", "PENDING", "a-1"}});
  EXPECT_NO_THROW(submissions.refuse_changed_jobs(plan));
  plan.jobs[0].key = "another";
  EXPECT_THAT([&] { submissions.refuse_changed_jobs(plan); },
              ThrowsMessage<BatchError>(HasSubstr("scancel 12_1")));
  EXPECT_THAT([&] { submissions.refuse_active_jobs(); },
              ThrowsMessage<BatchError>(HasSubstr("scancel 12`")));
}

}  // namespace
}  // namespace transfer
