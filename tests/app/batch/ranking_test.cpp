#include "app/batch/ranking.h"

#include <gmock/gmock.h>

namespace transfer {
namespace {

struct Runs {
  BatchPlan plan;
  std::vector<JobResult> results;

  void add(const std::string& group, const std::string& data, double val,
           std::optional<double> test = std::nullopt, const ScoreName& score = kAccuracy) {
    PlannedJob planned;
    planned.job.name = group + std::to_string(plan.jobs.size());
    planned.job.group = group;
    planned.job.config.data.path = data;
    plan.jobs.push_back(planned);
    JobResult result;
    result.state = JobState::kFinished;
    result.scores.emplace();
    result.scores->score = score;
    result.scores->val = val;
    result.scores->test = test;
    results.push_back(result);
  }
};

TEST(Ranking, SampleStandardDeviation) {
  const Spread spread = spread_of({2, 4, 4, 4, 5, 5, 7, 9});
  EXPECT_DOUBLE_EQ(spread.mean, 5);
  EXPECT_NEAR(*spread.standard_deviation, 2.138089935299395, 1e-12) << "numpy.std(…, ddof=1)";
  EXPECT_FALSE(spread_of({3}).standard_deviation);
}

TEST(Ranking, GroupsOnTheSameDataAreRankedByTheirMeanValidationScore) {
  Runs runs;
  runs.add("low", "a", 0.5, 0.9);
  runs.add("low", "a", 0.7, 0.7);
  runs.add("high", "a", 0.8);
  runs.add("other", "b", 0.1);
  runs.add("numbers", "a", 0.95, std::nullopt, kR2);
  runs.add("high", "a", 0.9, 0.5);
  runs.plan.jobs.emplace_back();
  runs.results.emplace_back();  // one that failed
  const auto groups = rank_groups(runs.plan, runs.results);
  ASSERT_EQ(groups.size(), 4U);
  EXPECT_EQ(groups[0].name, "high");
  EXPECT_EQ(groups[0].rank, 1);
  EXPECT_NEAR(groups[0].val.mean, 0.85, 1e-12);
  EXPECT_THAT(groups[0].jobs, testing::ElementsAre(5, 2)) << "the best run first";
  EXPECT_FALSE(groups[0].test) << "one of its runs has no test images";
  EXPECT_EQ(groups[1].name, "low");
  EXPECT_EQ(groups[1].rank, 2);
  EXPECT_NEAR(groups[1].test->mean, 0.8, 1e-12);
  EXPECT_EQ(groups[2].name, "other");
  EXPECT_EQ(groups[2].rank, 1);
  EXPECT_EQ(groups[3].name, "numbers");
  EXPECT_EQ(groups[3].rank, 1) << "R² is not compared with accuracy";
}

}  // namespace
}  // namespace transfer
