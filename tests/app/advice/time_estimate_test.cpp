#include "app/advice/time_estimate.h"

#include <gmock/gmock.h>

namespace transfer {
namespace {

/// Two seconds to start, one to prepare an image, ten for its way through the network.
constexpr MachineSpeed kSpeed{2, 1, 10};
constexpr ImageCounts kImages{100, 20, 5};

TEST(TimeEstimate, HeadOnFrozenLayers) {
  FrozenPlan plan;
  plan.head_seconds = 7;
  EXPECT_DOUBLE_EQ(estimate_seconds(kSpeed, kImages, plan), 2 + 125 * 11 + 7);
  plan.share = 0.4;
  EXPECT_DOUBLE_EQ(estimate_seconds(kSpeed, kImages, plan), 2 + 125 * 5 + 7);
  plan.views = 2;
  EXPECT_DOUBLE_EQ(estimate_seconds(kSpeed, kImages, plan), 2 + (300 + 25) * 5 + 21);
}

TEST(TimeEstimate, TrainedLayersCostThreeForwardPasses) {
  TrainingPlan plan;
  plan.epochs = 4;
  EXPECT_DOUBLE_EQ(estimate_seconds(kSpeed, kImages, plan),
                   2 + 5 * 11 + 4 * (100 * (1 + 30) + 20 * 11));
  plan.fits_head_first = true;
  plan.head_seconds = 7;
  EXPECT_DOUBLE_EQ(estimate_seconds(kSpeed, kImages, plan),
                   2 + 5 * 11 + 100 * 11 + 7 + 4 * (100 * 31 + 20 * 11));
}

TEST(TimeEstimate, FrozenStagesCostOneForwardPassEachEpochOrOne) {
  TrainingPlan plan;
  plan.epochs = 4;
  plan.frozen_share = 0.75;
  EXPECT_DOUBLE_EQ(estimate_seconds(kSpeed, kImages, plan),
                   2 + 5 * 11 + 4 * (100 * (1 + 7.5 + 3 * 2.5) + 20 * 11));
  plan.keeps_activations = true;
  EXPECT_DOUBLE_EQ(estimate_seconds(kSpeed, kImages, plan),
                   2 + 5 * 11 + 120 * 8.5 + 4 * (100 * 7.5 + 20 * 2.5));
  plan.views = 1;
  EXPECT_DOUBLE_EQ(estimate_seconds(kSpeed, kImages, plan),
                   2 + 5 * 11 + 220 * 8.5 + 4 * (100 * 7.5 + 20 * 2.5));
}

TEST(TimeEstimate, TheHeadIsOneMoreFitBesideTheFolds) {
  EXPECT_DOUBLE_EQ(head_seconds(10), 10 + 2);
}

}  // namespace
}  // namespace transfer
