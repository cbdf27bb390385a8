#include "app/batch/halving_rounds.h"

#include <gmock/gmock.h>

#include "app/batch/job_result.h"
#include "core/atomic_file.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

using testing::HasSubstr;

Contestant with(const std::string& group, const std::vector<double>& scores, double loss = 1) {
  Contestant contestant{group};
  for (const double score : scores) contestant.epochs.push_back({kAccuracy, score, loss});
  return contestant;
}

/// "run 2", "out", "wait" for each job.
std::vector<std::string> verdicts(const Halving& halving, const std::vector<Contestant>& jobs) {
  std::vector<std::string> texts;
  for (const Verdict& verdict : judge(halving, jobs)) {
    texts.push_back(verdict.kind == Verdict::Kind::kRun   ? "run " + std::to_string(verdict.until)
                    : verdict.kind == Verdict::Kind::kOut ? "out"
                                                          : "wait");
  }
  return texts;
}

TEST(HalvingRounds, ANanLossIsTheWorst) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path() / "metrics.jsonl",
                        "{\"epoch\":1,\"val_loss\":0.5,\"val_accuracy\":0.5}\n"
                        "{\"epoch\":2,\"val_loss\":null,\"val_accuracy\":0.5}\n"
                        "{\"epoch\":3,\"val_loss\":null,\"val_r2\":null}\n");
  const auto epochs = read_epoch_scores(folder.path());
  ASSERT_EQ(epochs.size(), 3U);
  Contestant broken{"broken"};
  for (const std::size_t epoch : {1, 2}) {
    broken.epochs = {epochs[epoch]};
    EXPECT_THAT(verdicts({1, 2}, {broken, with("b", {0.5}, 9)}),
                testing::ElementsAre("out", "run 0"));
  }
}

TEST(HalvingRounds, AllRunToTheFirstComparison) {
  EXPECT_THAT(verdicts({2, 3}, {with("a", {}), with("b", {0.5}), with("c", {})}),
              testing::ElementsAre("run 2", "run 2", "run 2"));
}

TEST(HalvingRounds, NobodyIsJudgedBeforeTheLastHasComeAsFar) {
  EXPECT_THAT(verdicts({2, 3}, {with("a", {0.1, 0.1}), with("b", {0.5, 0.6}), with("c", {0.4})}),
              testing::ElementsAre("wait", "wait", "run 2"));
}

TEST(HalvingRounds, OneInFactorGoesOnForFactorTimesTheEpochs) {
  std::vector<Contestant> jobs(9);
  for (int i = 0; i < 9; ++i) {
    jobs[static_cast<std::size_t>(i)] =
        with(std::string(1, static_cast<char>('a' + i)), {0.9, 0.1 * i});
  }
  const std::vector<Verdict> judged = judge({2, 3}, jobs);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(judged[i].kind, Verdict::Kind::kOut) << i;
  for (std::size_t i = 6; i < 9; ++i) EXPECT_EQ(judged[i].until, 6) << i;
  EXPECT_THAT(judged[4].reason, testing::AllOf(HasSubstr("epoch 2"), HasSubstr("accuracy 40.00 %"),
                                               HasSubstr("5 of 9"), HasSubstr(" 3 ")));
}

TEST(HalvingRounds, TheLastOneLeftTrainsToItsEnd) {
  EXPECT_THAT(verdicts({1, 2}, {with("a", {0.1}), with("b", {0.9, 0.9}), with("c", {0.8, 0.7})}),
              testing::ElementsAre("out", "run 0", "out"));
  EXPECT_THAT(verdicts({1, 2}, {with("alone", {})}), testing::ElementsAre("run 0"));
}

TEST(HalvingRounds, GroupsAreJudgedByTheirMeanAndStayTogether) {
  EXPECT_THAT(
      verdicts({1, 2}, {with("a", {0.9}), with("b", {0.7}), with("a", {0.1}), with("b", {0.7})}),
      testing::ElementsAre("out", "run 0", "out", "run 0"));
}

TEST(HalvingRounds, EqualScoresAreToldApartByTheLoss) {
  EXPECT_THAT(verdicts({1, 2}, {with("a", {0.5}, 0.9), with("b", {0.5}, 0.3)}),
              testing::ElementsAre("out", "run 0"));
}

TEST(HalvingRounds, WhatEndedBeforeIsComparedByItsLastEpoch) {
  Contestant early = with("early", {0.8});
  early.is_finished = true;
  EXPECT_THAT(verdicts({2, 2}, {early, with("b", {0.1, 0.7})}),
              testing::ElementsAre("wait", "out"));
  EXPECT_THAT(verdicts({2, 2}, {early, with("b", {0.1, 0.9})}),
              testing::ElementsAre("wait", "run 0"));
}

TEST(HalvingRounds, AFailedJobPutsItsGroupLast) {
  Contestant failed = with("a", {0.99});
  failed.has_failed = true;
  const std::vector<Contestant> jobs = {failed, with("a", {0.99}), with("b", {0.2})};
  EXPECT_THAT(verdicts({1, 2}, jobs), testing::ElementsAre("wait", "out", "run 0"));
  failed.group = "b";
  EXPECT_THAT(verdicts({1, 2}, {failed, failed}), testing::ElementsAre("wait", "wait"));
}

TEST(HalvingRounds, AFinishedContestAsksForNothing) {
  std::vector<Contestant> jobs = {with("a", {0.5, 0.6, 0.7}), with("b", {0.4, 0.4, 0.4})};
  for (Contestant& job : jobs) job.is_finished = true;
  EXPECT_THAT(verdicts({1, 3}, jobs), testing::ElementsAre("wait", "wait"));
}

}  // namespace
}  // namespace transfer
