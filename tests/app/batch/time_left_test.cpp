#include "app/batch/time_left.h"

#include <gmock/gmock.h>

namespace transfer {
namespace {

JobTime job(JobState state, double seconds = 0, const std::string& strategy = "fine-tune",
            const std::string& rest = "") {
  return {state, {strategy, rest}, seconds};
}
JobTime finished(double seconds) { return job(JobState::kFinished, seconds); }
JobTime waiting() { return job(JobState::kWaiting); }
JobTime running(double seconds, double share = 0) {
  JobTime time = job(JobState::kRunning, seconds);
  time.share = share;
  return time;
}

std::optional<double> left(std::vector<JobTime> jobs, std::int64_t slots) {
  return TimeLeft(std::move(jobs)).of_all(slots);
}

TEST(TimeLeft, IsUnknownUntilAJobOfTheStrategyOrItsEpochsTell) {
  EXPECT_FALSE(left({waiting(), waiting()}, 1));
  EXPECT_FALSE(left({running(5), waiting()}, 1));
  EXPECT_EQ(left({running(5, 0.25), waiting()}, 1), 15 + 20);
  EXPECT_FALSE(left({finished(10), job(JobState::kWaiting, 0, "freeze-conv")}, 1))
      << "another strategy takes another time";
  EXPECT_EQ(left({finished(10), job(JobState::kWaiting, 0, "fine-tune", "other data")}, 1), 10);
}

TEST(TimeLeft, IsThatOfTheLastSlotToEnd) {
  EXPECT_EQ(left({finished(10), waiting(), waiting(), waiting()}, 2), 20);
  EXPECT_EQ(left({finished(10), waiting()}, 4), 10) << "one job does not end sooner on four slots";
  EXPECT_EQ(left({finished(10), running(4), running(7), waiting()}, 2), 13)
      << "the third starts after 3 s";
  EXPECT_EQ(left({finished(10), finished(20)}, 2), 0);
}

TEST(TimeLeft, OneOutlierDoesNotCount) {
  EXPECT_EQ(left({finished(90), finished(10), finished(12), waiting()}, 1), 12);
}

TEST(TimeLeft, AJobThatTakesLongerThanItsLikeIsJudgedByItsEpochs) {
  EXPECT_EQ(left({finished(10), running(15)}, 1), 0);
  EXPECT_EQ(left({finished(10), running(15, 0.5)}, 1), 15);
}

TEST(TimeLeft, APartThatIsTrainedIsNotCountedAgain) {
  JobTime stopped_before = waiting();
  stopped_before.share = 0.75;
  EXPECT_EQ(left({finished(20), stopped_before}, 1), 5);
}

TEST(TimeLeft, AClusterIsTakenToRunAsManyAsNow) {
  EXPECT_EQ(left({finished(10), running(5), waiting(), waiting()}, 0), 25);
  EXPECT_FALSE(left({finished(10), waiting()}, 0)) << "when the queue lets it run is unknown";
}

TEST(TimeLeft, FailedStoppedAndPrunedJobsTakeNoTime) {
  EXPECT_EQ(left({finished(10), job(JobState::kFailed, 1), job(JobState::kStopped, 1),
                  job(JobState::kPruned, 1), waiting()},
                 1),
            10);
}

TEST(TimeLeft, IsUnknownWhileAContestIsUndecided) {
  JobTime contestant = waiting();
  contestant.is_in_contest = true;
  EXPECT_FALSE(left({finished(10), contestant}, 1));
}

TEST(TimeLeft, TheTextHasNoMoreDigitsThanAreKnown) {
  EXPECT_EQ(rough_time_text(0.4), "less than a second");
  EXPECT_EQ(rough_time_text(7.2), "about 7 s");
  EXPECT_EQ(rough_time_text(43), "about 45 s");
  EXPECT_EQ(rough_time_text(59), "about 1 min");
  EXPECT_EQ(rough_time_text(725), "about 12 min");
  EXPECT_EQ(rough_time_text(3599), "about 1 h");
  EXPECT_EQ(rough_time_text(11400), "about 3 h 10 min");
}

}  // namespace
}  // namespace transfer
