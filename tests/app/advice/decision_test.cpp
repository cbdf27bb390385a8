#include "app/advice/decision.h"

#include <gmock/gmock.h>

namespace transfer {
namespace {

using testing::HasSubstr;

Evidence::Stage stage(const std::string& name, std::int64_t position, double score, double lead,
                      double lead_error) {
  Evidence::Stage evidence;
  evidence.stage = name;
  evidence.position = position;
  evidence.score = score;
  evidence.standard_error = 0.01;
  evidence.lead = lead;
  evidence.lead_error = lead_error;
  return evidence;
}

/// Two early stages and the classifier's input at 0.9; the second stage leads it by `lead`.
Evidence evidence(std::int64_t images, double lead, double lead_error = 0.01) {
  Evidence result;
  result.train_images = images;
  result.stages = {stage("a", 1, 0.7, -0.2, 0.02), stage("b", 2, 0.9 + lead, lead, lead_error),
                   stage("", 0, 0.9, 0, 0)};
  return result;
}

TEST(Decision, FourBoxes) {
  const auto similar_small = decide(evidence(199, -0.05), {});
  EXPECT_EQ(similar_small.strategy, StrategyKind::kFreezeConv);
  EXPECT_FALSE(similar_small.is_large);
  EXPECT_FALSE(similar_small.is_different);
  EXPECT_EQ(similar_small.cut, "");
  EXPECT_EQ(similar_small.expected_score, 0.9);
  EXPECT_THAT(similar_small.reasons[0], HasSubstr("b, is 5.0 ± 1.0 points behind"));
  EXPECT_THAT(similar_small.reasons[1], HasSubstr("199 training images are too few (below 200)"));

  const auto different_small = decide(evidence(999, 0.03), {});
  EXPECT_EQ(different_small.strategy, StrategyKind::kEarlyFeatures);
  EXPECT_EQ(different_small.cut, "b");
  EXPECT_DOUBLE_EQ(different_small.expected_score, 0.93);
  EXPECT_THAT(different_small.reasons[0], HasSubstr("Stage b does better"));
  EXPECT_THAT(different_small.reasons[0], HasSubstr("3.0 ± 1.0 points"));

  EXPECT_EQ(decide(evidence(200, -0.05), {}).strategy, StrategyKind::kFineTune);
  const auto different_large = decide(evidence(1000, 0.03), {});
  EXPECT_EQ(different_large.strategy, StrategyKind::kRetrain);
  EXPECT_TRUE(different_large.is_large);
  EXPECT_TRUE(different_large.is_different);
  EXPECT_EQ(different_large.cut, "") << "only early-features cuts";
}

TEST(Decision, SeveralStagesNeedThreeTimesTheLikelihoodOfOne) {
  auto data = evidence(100, -0.05);
  data.several = Evidence::SeveralStages{"means from a on", 0.95, 0.02, {0.6, 0.1, 0.15}};
  const auto several = decide(data, {});
  EXPECT_EQ(several.strategy, StrategyKind::kAllFeatures);
  EXPECT_EQ(several.cut, "");
  EXPECT_EQ(several.expected_score, 0.95);
  EXPECT_EQ(several.standard_error, 0.02);
  EXPECT_THAT(several.reasons.back(), HasSubstr("means from a on: accuracy 95.0 % ± 2.0"));
  data.several->weights = {0.6, 0.21, 0.1};
  EXPECT_EQ(decide(data, {}).strategy, StrategyKind::kFreezeConv);
  data.several->weights = {1, 0, 0};
  EXPECT_EQ(decide(data, {"b", false}).strategy, StrategyKind::kEarlyFeatures) << "a cut is given";
  data.train_images = 1000;
  data.several->score = 0.9;
  EXPECT_EQ(decide(data, {}).strategy, StrategyKind::kFineTune) << "enough images to train layers";
  data.several->score = 0.96;
  EXPECT_EQ(decide(data, {}).strategy, StrategyKind::kAllFeatures) << "too little left to gain";
}

TEST(Decision, ALeadOfOneStandardErrorOrLessIsChance) {
  EXPECT_EQ(decide(evidence(100, 0.0100, 0.01), {}).strategy, StrategyKind::kFreezeConv);
  EXPECT_EQ(decide(evidence(100, 0.0101, 0.01), {}).strategy, StrategyKind::kEarlyFeatures);
  EXPECT_EQ(decide(evidence(100, 0.0, 0.0), {}).strategy, StrategyKind::kFreezeConv) << "a tie";
}

TEST(Decision, OfEqualStagesTheEarliestIsTheCut) {
  Evidence tied = evidence(100, 0.03);
  tied.stages[0] = stage("a", 1, 0.93, 0.03, 0.01);
  EXPECT_EQ(decide(tied, {}).cut, "a");
}

TEST(Decision, NothingToGainLeavesLayersFrozenHoweverLargeTheData) {
  Evidence solved = evidence(5000, -0.2);
  solved.stages[2].score = 0.955;
  const auto decision = decide(solved, {});
  EXPECT_EQ(decision.strategy, StrategyKind::kFreezeConv);
  EXPECT_TRUE(decision.is_large) << "the box stays the same";
  EXPECT_THAT(decision.reasons[1], HasSubstr("only 4.5 points to gain (training pays above 5.0)"));
  solved.stages[1] = stage("b", 2, 0.959, 0.004, 0.001);
  EXPECT_EQ(decide(solved, {}).strategy, StrategyKind::kEarlyFeatures);
}

TEST(Decision, FirstStagesWithinAStandardErrorOfTheBestMayStayFrozen) {
  EXPECT_EQ(decide(evidence(5000, -0.005), {}).freeze_stages, 2);
  EXPECT_EQ(decide(evidence(5000, -0.02), {}).freeze_stages, 0) << "only the last one will do";
}

TEST(Decision, WhatIsGivenIsKept) {
  const auto cut = decide(evidence(5000, -0.05), {"a", false});
  EXPECT_EQ(cut.strategy, StrategyKind::kEarlyFeatures);
  EXPECT_EQ(cut.cut, "a");
  EXPECT_EQ(cut.expected_score, 0.7);
  EXPECT_THAT(cut.reasons.back(), HasSubstr("cut is given"));
  const auto scratch = decide(evidence(100, -0.05), {"", true});
  EXPECT_EQ(scratch.strategy, StrategyKind::kRetrain);
  EXPECT_THAT(scratch.reasons.back(), HasSubstr("from_scratch is given"));
}

}  // namespace
}  // namespace transfer
