#include "app/training/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "app/training/learning_rate_finder.h"
#include "app/training/unfreezing.h"

namespace transfer {
namespace {

TEST(Schedule, HandComputedRates) {
  TrainConfig config;
  config.lr = 1.0;
  config.epochs = 12;
  config.warmup_epochs = 2;
  EXPECT_NEAR(learning_rate_at(config, 1.0), 0.5, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 2.0), 1.0, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 0.0, 0.25), 0.125, 1e-12) << "the first of four steps";
  EXPECT_NEAR(learning_rate_at(config, 1.0, 1.0), 1.0, 1e-12) << "the only step of an epoch";
  EXPECT_NEAR(learning_rate_at(config, 1.9, 0.5), 1.0, 1e-12) << "never above";
  EXPECT_NEAR(learning_rate_at(config, 7.0), 0.5, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 12.0), 0.0, 1e-12);
  config.schedule = Schedule::kStep;
  config.step_epochs = 5;
  EXPECT_NEAR(learning_rate_at(config, 11.0), 0.01, 1e-12);
  config.schedule = Schedule::kPlateau;
  EXPECT_NEAR(learning_rate_at(config, 1.0), 0.5, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 11.0), 1.0, 1e-12);
}

TEST(Schedule, OneCycleRisesAndFallsAlongCosines) {
  TrainConfig config;
  config.schedule = Schedule::kOneCycle;
  config.lr = 1.0;
  config.epochs = 10;
  config.warmup_epochs = 5;  // not used: the cycle has its own
  EXPECT_NEAR(learning_rate_at(config, 0.0), 0.04, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 1.5), 0.52, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 3.0), 1.0, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 6.5), (1.0 + 4e-6) / 2, 1e-12);
  EXPECT_NEAR(learning_rate_at(config, 10.0), 4e-6, 1e-12);
  // A quarter of the way up: 0.04 + 0.96 · (1 − cos 45°) / 2.
  EXPECT_NEAR(one_cycle_rate(1.0, 0.075), 0.04 + 0.96 * (1 - std::sqrt(0.5)) / 2, 1e-12);
  EXPECT_NEAR(one_cycle_rate(3.0, 0.075), 3 * one_cycle_rate(1.0, 0.075), 1e-12);
}

TEST(Schedule, RateGrowsWithTheImagesAStep) {
  TrainConfig config;
  config.lr = 0.1;
  config.batch_size = 32;
  config.accumulate = 4;
  EXPECT_EQ(batch_scaled_rate(config), 0.1);
  config.scale_lr_by_batch = true;
  EXPECT_NEAR(batch_scaled_rate(config), 0.05, 1e-12);
}

TrainConfig with(std::int64_t epochs, std::int64_t freeze, double warmup, std::int64_t every = 0) {
  TrainConfig config;
  config.epochs = epochs;
  config.freeze_epochs = freeze;
  config.warmup_epochs = warmup;
  config.unfreeze_every = every;
  return config;
}

TEST(FittedToEpochs, LeavesWhatFits) {
  const TrainConfig fitted = fitted_to_epochs(with(10, 2, 3.5, 1), 5);
  EXPECT_EQ(fitted.freeze_epochs, 2);
  EXPECT_EQ(fitted.warmup_epochs, 3.5);
  EXPECT_EQ(fitted.unfreeze_every, 1);
}

TEST(FittedToEpochs, ShrinksInProportion) {
  EXPECT_EQ(fitted_to_epochs(with(1, 1, 0.5), 4).freeze_epochs, 0);
  EXPECT_EQ(fitted_to_epochs(with(1, 1, 0.5), 4).warmup_epochs, 0);
  EXPECT_EQ(fitted_to_epochs(with(2, 1, 1), 4).freeze_epochs, 0);
  EXPECT_EQ(fitted_to_epochs(with(2, 1, 1), 4).warmup_epochs, 1);
  EXPECT_EQ(fitted_to_epochs(with(3, 6, 2), 4).freeze_epochs, 1);
  EXPECT_EQ(fitted_to_epochs(with(3, 6, 2), 4).warmup_epochs, 1);
  EXPECT_EQ(fitted_to_epochs(with(3, 9, 0), 4).freeze_epochs, 2);
  EXPECT_EQ(fitted_to_epochs(with(3, 9, 0), 4).warmup_epochs, 0);
}

TEST(FittedToEpochs, GradualUnfreezingEndsInTime) {
  // 5 stages need 4 unfreezings after the first; 9 epochs are left before the last.
  EXPECT_EQ(fitted_to_epochs(with(10, 0, 0, 3), 5).unfreeze_every, 2);
  EXPECT_EQ(fitted_to_epochs(with(4, 0, 0, 3), 5).unfreeze_every, 0) << "all at once";
  TrainConfig config = with(10, 0, 0, 3);
  config.freeze_stages = 2;
  EXPECT_EQ(fitted_to_epochs(config, 5).unfreeze_every, 3);
  config.freeze_stages = 7;
  EXPECT_EQ(fitted_to_epochs(config, 5).unfreeze_every, 3) << "nothing to unfreeze";
}

TEST(FittedToEpochs, OneFullEpochAlwaysRemains) {
  for (std::int64_t epochs = 1; epochs <= 6; ++epochs) {
    for (std::int64_t freeze = 0; freeze <= 6; ++freeze) {
      for (const double warmup : {0.0, 0.7, 2.0, 9.0}) {
        for (std::int64_t every = 0; every <= 3; ++every) {
          const TrainConfig fitted = fitted_to_epochs(with(epochs, freeze, warmup, every), 4);
          EXPECT_LE(static_cast<double>(fitted.freeze_epochs) + fitted.warmup_epochs,
                    static_cast<double>(epochs - 1) + 1e-9);
          EXPECT_EQ(first_trainable_stage(fitted, epochs - 1, 4), 0);
          EXPECT_LE(fitted.freeze_epochs, freeze);
          EXPECT_LE(fitted.warmup_epochs, warmup);
        }
      }
    }
  }
}

TEST(Unfreezing, HeadThenStagesFromTheEnd) {
  TrainConfig config = with(20, 2, 0, 3);
  config.freeze_stages = 1;
  const std::vector<std::int64_t> expected = {4, 4, 3, 3, 3, 2, 2, 2, 1, 1, 1, 1, 1};
  for (std::size_t epoch = 0; epoch < expected.size(); ++epoch) {
    EXPECT_EQ(first_trainable_stage(config, static_cast<std::int64_t>(epoch), 4), expected[epoch]);
  }
  config.unfreeze_every = 0;
  EXPECT_EQ(first_trainable_stage(config, 1, 4), 4);
  EXPECT_EQ(first_trainable_stage(config, 2, 4), 1);
  config.freeze_stages = 9;
  EXPECT_EQ(first_trainable_stage(config, 2, 4), 4) << "only the head is left";
}

TrainConfig plateau() {
  TrainConfig config;
  config.schedule = Schedule::kPlateau;
  config.plateau_factor = 0.5;
  config.plateau_patience = 2;
  config.min_delta = 0.1;
  return config;
}

TEST(PlateauSchedule, FallsAfterEpochsThatAreNotBetter) {
  PlateauSchedule schedule(plateau());
  const std::vector<std::pair<double, double>> losses = {{1.0, 1.0},   // the first is the best
                                                         {0.95, 1.0},  // too little better
                                                         {0.8, 1.0},   // better
                                                         {0.8, 1.0},   // one
                                                         {std::nan(""), 0.5},  // two: falls
                                                         {0.9, 0.5},           // one again
                                                         {0.75, 0.25},         // two
                                                         {0.6, 0.25}};
  for (const auto& [loss, factor] : losses) {
    schedule.take(loss);
    EXPECT_EQ(schedule.factor(), factor) << loss;
  }
}

TEST(PlateauSchedule, GoesOnFromItsState) {
  PlateauSchedule first(plateau());
  for (const double loss : {1.0, 1.0, 1.0, 1.0}) first.take(loss);
  PlateauSchedule second(plateau());
  second.restore(first.state());
  EXPECT_EQ(second.factor(), 0.5);
  second.take(1.0);
  EXPECT_EQ(second.factor(), 0.25);
}

TEST(PlateauSchedule, OtherSchedulesHaveNoPlateau) {
  PlateauSchedule schedule{TrainConfig()};
  for (int i = 0; i < 50; ++i) schedule.take(1.0);
  EXPECT_EQ(schedule.factor(), 1.0);
}

TEST(LearningRateFinder, RatesGrowByAConstantFactor) {
  const auto rates = sweep_rates(1e-4, 1.0, 5);
  ASSERT_EQ(rates.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(rates[i] / std::pow(10.0, static_cast<double>(i) - 4.0), 1.0, 1e-12);
  }
  EXPECT_EQ(sweep_rates(0.5, 2.0, 1), std::vector<double>{0.5});
}

/// The losses of a sweep over 100 rates from 1e-7 to 1, up to the end of the sweep.
template <typename Loss>
LearningRateCurve swept(std::int64_t steps, const Loss& loss) {
  LearningRateCurve curve;
  for (const double rate : sweep_rates(1e-7, 1.0, steps)) {
    if (!curve.add(rate, loss(rate))) break;
  }
  return curve;
}

/// Noise of single batches, the same in each test.
double noise_of_batch(double size) {
  static std::uint64_t state = 1;
  state = state * 6364136223846793005ULL + 1442695040888963407ULL;
  return size * (static_cast<double>(state >> 11) / 9007199254740992.0 - 0.5);
}

TEST(LearningRateFinder, SmoothingDoesNotLag) {
  const auto curve = swept(100, [](double rate) { return rate < 1e-3 ? 2.0 : 1.0; });
  const auto points = curve.points();
  for (const SweepPoint& point : points) {
    if (point.rate < 3e-4) {
      EXPECT_EQ(point.smoothed_loss, 2.0) << point.rate;
    }
    if (point.rate > 4e-3) {
      EXPECT_EQ(point.smoothed_loss, 1.0) << point.rate;
    }
  }
}

TEST(LearningRateFinder, StopsWhereTheLossDivergesAndNotBefore) {
  const auto loss = [](double rate) { return rate < 1e-3 ? 1.0 : 1000.0 * rate; };
  const auto curve = swept(100, loss);
  EXPECT_LT(curve.points().size(), 85U);
  EXPECT_GT(curve.points().back().rate, 4e-3);
  // A fitted head's loss is near 0 in some batches; that is no divergence.
  const auto noisy = swept(100, [](double) { return 0.1 + noise_of_batch(0.2); });
  EXPECT_EQ(noisy.points().size(), 100U);
  LearningRateCurve broken;
  EXPECT_TRUE(broken.add(1e-3, 1.0));
  EXPECT_FALSE(broken.add(2e-3, std::nan("")));
  EXPECT_FALSE(broken.add(2e-3, HUGE_VAL));
  EXPECT_EQ(broken.points().size(), 1U);
}

TEST(LearningRateFinder, SuggestsATenthOfWhereTheLossRises) {
  // From a random head: falls from 1e-5 on, lowest at 1e-3, rises from there.
  const auto valley = [](double rate) {
    const double decades = std::log10(rate) + 3.0;
    return decades < -2.0 ? 2.5 : decades < 0.0 ? 1.5 - decades * 0.5 : 1.5 + 4.0 * decades;
  };
  // From a fitted head: as low as it gets, rises from 1e-3 on.
  const auto shelf = [](double rate) { return 0.3 + std::max(0.0, std::log10(rate) + 3.0) * 3.0; };
  for (const double size : {0.0, 0.2}) {
    for (const std::int64_t steps : {30, 100, 300}) {
      const auto fallen =
          swept(steps, [&](double rate) { return valley(rate) + noise_of_batch(size); });
      const auto flat =
          swept(steps, [&](double rate) { return shelf(rate) + noise_of_batch(size); });
      ASSERT_TRUE(fallen.suggestion()) << steps;
      ASSERT_TRUE(flat.suggestion()) << steps;
      EXPECT_GT(*fallen.suggestion(), 3e-5) << steps;
      EXPECT_LT(*fallen.suggestion(), 3e-4) << steps;
      EXPECT_GT(*flat.suggestion(), 2e-5) << steps;
      EXPECT_LT(*flat.suggestion(), 3e-4) << steps;
    }
  }
}

TEST(LearningRateFinder, SuggestsNothingFromAFewStepsOrARisingLoss) {
  EXPECT_FALSE(LearningRateCurve().suggestion());
  EXPECT_FALSE(swept(9, [](double) { return 1.0; }).suggestion());
  const auto rising = [](double rate) { return 1.0 + std::log10(rate / 1e-7); };
  for (const std::int64_t steps : {10, 12, 100}) EXPECT_FALSE(swept(steps, rising).suggestion());
  for (const std::int64_t steps : {10, 11, 15}) {
    const auto suggestion =
        swept(steps, [](double) { return 1.0 + noise_of_batch(0.5); }).suggestion();
    if (suggestion) {
      EXPECT_GT(*suggestion, 1e-7) << "never the first rate";
    }
  }
}

}  // namespace
}  // namespace transfer
