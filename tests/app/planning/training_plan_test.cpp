#include "app/planning/training_plan.h"

#include <gmock/gmock.h>

namespace transfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// 60 epochs of retrain take `seconds`, by arithmetic alone; data unlike the pretraining's.
TriedCandidate candidate(std::int64_t side, double multiply_adds, double score, double seconds) {
  TriedCandidate tried;
  tried.candidate = {"efficientnet-lite0", side, {}, multiply_adds};
  tried.score.value = score;
  tried.loss = 1 - score;
  Evidence::Stage early;
  early.stage = "blocks.1";
  early.position = 1;
  early.score = score;
  early.lead = 0.05;
  early.lead_error = 0.01;
  Evidence::Stage last;
  last.score = score - 0.05;
  tried.advice.evidence.stages = {early, last};
  tried.advice.evidence.train_images = 54000;
  tried.advice.estimates = {{"retrain", "", seconds}};
  return tried;
}

CandidateSearch search_of(std::vector<TriedCandidate> tried) {
  CandidateSearch search;
  search.tried = std::move(tried);
  return search;
}

constexpr double kEpochs = 60;
/// Of one epoch, as planned for.
constexpr double kSlower = 1.35;

TEST(TrainingPlan, HasTheEpochsThatFit) {
  const auto search = search_of({candidate(0, 4e8, 0.85, kEpochs * 100)});
  const ConfigSources sources;
  EXPECT_EQ(plan_training(search, sources, 0, {}).config->train.epochs, 60) << "no limit";
  EXPECT_EQ(plan_training(search, sources, kSlower * 7000, {}).config->train.epochs, 60);

  const auto half = plan_training(search, sources, kSlower * 3010, {});
  EXPECT_EQ(half.config->train.epochs, 30);
  EXPECT_DOUBLE_EQ(half.config->train.warmup_epochs, 1.5) << "half of the preset's 3";
  EXPECT_EQ(half.config->augment.preset, AugmentPreset::kStrong);

  const auto brief = plan_training(search, sources, kSlower * 1010, {});
  EXPECT_EQ(brief.config->train.epochs, 10);
  EXPECT_EQ(brief.config->augment.preset, AugmentPreset::kLight);
  EXPECT_EQ(brief.config->augment.mixup, 0);
  EXPECT_THAT(brief.left_out, testing::IsEmpty());
}

TEST(TrainingPlan, KeepsWhatTheUserHasSet) {
  const auto search = search_of({candidate(0, 4e8, 0.85, kEpochs * 100)});
  const auto epochs = plan_training(search, {}, kSlower * 1010, {.epochs = true});
  EXPECT_EQ(epochs.config->train.epochs, 60);
  const auto augmentation = plan_training(search, {}, kSlower * 1010, {.augmentation = true});
  EXPECT_EQ(augmentation.config->augment.preset, AugmentPreset::kStrong);

  KeyOrigins origins = {{"train.epochs", "preset retrain"}, {"augment.mixup", "default"}};
  EXPECT_FALSE(given_training(origins).epochs);
  EXPECT_FALSE(given_training(origins).augmentation);
  origins["train.epochs"] = "--epochs";
  origins["augment.mixup"] = "run.yaml:7";
  EXPECT_TRUE(given_training(origins).epochs);
  EXPECT_TRUE(given_training(origins).augmentation);
}

TEST(TrainingPlan, TrainsACheaperCandidateWhereTheWinnerTakesTooLong) {
  const TriedCandidate winner = candidate(0, 4e8, 0.86, kEpochs * 2000);
  const auto small = candidate(64, 4e7, 0.82, kEpochs * 200);
  const auto smaller = candidate(32, 1e7, 0.70, kEpochs * 50);
  const auto plan = plan_training(search_of({winner, small, smaller}), {}, kSlower * 2010, {});
  EXPECT_EQ(plan.position, 1);
  EXPECT_EQ(plan.config->data.input_size, (ImageSize{64, 64}));
  EXPECT_EQ(plan.config->train.epochs, 10);
  EXPECT_THAT(plan.left_out, ElementsAre(HasSubstr("efficientnet-lite0, retrain: an epoch takes")));

  const auto none = plan_training(search_of({winner, smaller}), {}, kSlower * 2010, {});
  EXPECT_FALSE(none.config) << "16 points behind";
  EXPECT_THAT(none.left_out, testing::SizeIs(1));
}

TEST(TrainingPlan, RetrainingDoesNotShareItsTime) {
  const auto search = search_of({candidate(0, 4e8, 0.85, kEpochs * 100)});
  const auto alone = plan_training(search, {}, kSlower * 3010, {});
  EXPECT_TRUE(trains_alone(alone, plan_training(search, {}, kSlower * 2010, {})));
  EXPECT_TRUE(trains_alone(alone, plan_training(search, {}, kSlower * 110, {})));
  EXPECT_FALSE(trains_alone(alone, alone)) << "members cost it nothing";
  TrainingPlanInTime fine_tuned = alone;
  fine_tuned.config->strategy = "fine-tune";
  EXPECT_FALSE(trains_alone(fine_tuned, plan_training(search, {}, kSlower * 110, {})));
  EXPECT_FALSE(trains_alone({}, {}));
}

}  // namespace
}  // namespace transfer
