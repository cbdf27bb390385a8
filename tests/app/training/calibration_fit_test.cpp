#include "app/training/calibration_fit.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "app/training/reliability.h"
#include "app/training/conformal.h"
#include "app/training/temperature.h"

namespace transfer {
namespace {

/// Logits [N,C] and labels drawn by the probabilities of the logits / temperature.
struct DrawnImages {
  torch::Tensor logits;
  torch::Tensor labels;

  DrawnImages(std::int64_t images, std::int64_t classes, double spread, double temperature) {
    torch::manual_seed(7);
    logits = torch::randn({images, classes}) * spread;
    labels = (logits / temperature).softmax(1).multinomial(1).squeeze(1);
  }
};

/// `right` of `images` images of class 0, the others of class 1, all with logits (gap, 0).
double temperature_of(std::int64_t right, std::int64_t images, double gap) {
  const auto logits = torch::tensor({gap, 0.0}).repeat({images, 1});
  return fit_temperature(logits, torch::arange(images).ge(right).to(torch::kInt64));
}

TEST(Temperature, IsWhereTheProbabilityIsTheShareOfRightImages) {
  // The softmax of (4, 0) / T is 0.8 where T = 4 / log(0.8 / 0.2).
  EXPECT_NEAR(temperature_of(8, 10, 4.0), 4 / std::log(4.0), 1e-4);
  EXPECT_NEAR(temperature_of(6, 10, 0.1), 0.1 / std::log(1.5), 1e-4);
  EXPECT_EQ(temperature_of(10, 10, 4.0), 1) << "all right";
  EXPECT_EQ(temperature_of(0, 10, 4.0), kHighestTemperature) << "all wrong";
}

TEST(Temperature, FindsTheOneThatLabelsWereDrawnWith) {
  for (const double truth : {0.5, 1.0, 3.0}) {
    const DrawnImages images(20000, 10, 3, truth);
    const double found = fit_temperature(images.logits, images.labels);
    EXPECT_NEAR(found / truth, 1, 0.05);
    const auto loss = [&](double t) {
      return negative_log_likelihood(images.logits, images.labels, t);
    };
    EXPECT_LT(loss(found), loss(found * 1.05));
    EXPECT_LT(loss(found), loss(found / 1.05));
  }
}

TEST(Temperature, TheLossIsThatOfCrossEntropy) {
  const DrawnImages images(50, 4, 2, 1);
  const auto expected = torch::nn::functional::cross_entropy(
      images.logits.to(torch::kFloat64) / 1.7, images.labels);
  EXPECT_NEAR(negative_log_likelihood(images.logits, images.labels, 1.7), expected.item<double>(),
              1e-9);
}

TEST(CalibrationError, EqualsACountByHand) {
  // Four images of 0.9, three of them right, and a right one of 0.6.
  const auto probabilities =
      torch::tensor({{.9, .1}, {.9, .1}, {.1, .9}, {.1, .9}, {.6, .4}}, torch::kFloat64);
  const auto labels = torch::tensor({0, 0, 1, 0, 0}, torch::kInt64);
  EXPECT_NEAR(expected_calibration_error(probabilities, labels),
              (4 * std::abs(0.75 - 0.9) + std::abs(1 - 0.6)) / 5, 1e-9);
  EXPECT_EQ(expected_calibration_error(torch::eye(3), torch::arange(3)), 0);
}

TEST(CalibrationFit, TakesATemperatureWhereProbabilitiesAreTooSure) {
  const DrawnImages images(1000, 4, 6, 3);
  const auto fitted = fit_calibration(images.logits, images.labels, Calibrate::kAuto);
  EXPECT_EQ(fitted.choice, TemperatureChoice::kTaken);
  EXPECT_NEAR(fitted.calibration.temperature, 3, 0.5);
  EXPECT_EQ(fitted.temperature_images, 500);
  EXPECT_EQ(fitted.conformal_images, 500);
  EXPECT_EQ(fitted.calibration.conformal.images, 500);
  EXPECT_LT(fitted.after->nll, fitted.before->nll);
  EXPECT_LT(fitted.after->ece, fitted.before->ece / 2);
  const auto divided = images.logits / fitted.calibration.temperature;
  EXPECT_TRUE(torch::equal(divided.argmax(1), images.logits.argmax(1))) << "accuracy stays";
}

TEST(CalibrationFit, TakesNoneWithoutAGainUnlessItIsToldTo) {
  const auto labels = torch::arange(100).remainder(2);
  const auto fitted = [&](Calibrate wanted) {
    return fit_calibration(torch::zeros({100, 2}), labels, wanted);
  };
  EXPECT_EQ(fitted(Calibrate::kAuto).choice, TemperatureChoice::kNoGain);
  EXPECT_EQ(fitted(Calibrate::kAuto).calibration.temperature, 1);
  EXPECT_EQ(fitted(Calibrate::kOn).choice, TemperatureChoice::kTaken);
  const auto off = fitted(Calibrate::kOff);
  EXPECT_EQ(off.choice, TemperatureChoice::kOff);
  EXPECT_EQ(off.calibration.conformal.images, 100) << "no image is needed for a temperature";
  EXPECT_FALSE(off.after);
}

TEST(CalibrationFit, LeavesOutRowsThatDoNotCountAndSaysWhereTooFewAreLeft) {
  DrawnImages images(30, 3, 2, 1);
  images.labels.slice(0, 0, 11).fill_(-1);
  const auto fitted = fit_calibration(images.logits, images.labels, Calibrate::kOn);
  EXPECT_EQ(fitted.choice, TemperatureChoice::kTooFewImages);
  EXPECT_EQ(fitted.calibration.temperature, 1);
  EXPECT_EQ(fitted.calibration.conformal.images, 19);
  const auto none = fit_calibration(images.logits, images.labels.fill_(-1), Calibrate::kAuto);
  EXPECT_EQ(none.calibration.conformal.images, 0);
}

TEST(Conformal, TheSizeOfASetIsAnOrderStatistic) {
  ConformalScores nine{9, {.1, .2, .3, .4, .5, .6, .7, .8, .9}};
  EXPECT_EQ(nine.largest_score(0.9), 0.9) << "the 9th of 9: ceil(10 * 0.9)";
  EXPECT_EQ(nine.largest_score(0.85), 0.9);
  EXPECT_EQ(nine.largest_score(0.8), 0.8);
  EXPECT_EQ(nine.largest_score(0.05), 0.1);
  EXPECT_EQ(nine.largest_score(0.91), std::nullopt) << "ten images would be needed";
  EXPECT_EQ(nine.largest_coverage(), 0.9);
  EXPECT_EQ(ConformalScores{}.largest_score(0.5), std::nullopt);
}

TEST(Conformal, ManyScoresAreThinnedUpwards) {
  const std::int64_t images = 25'300;
  const auto p = torch::linspace(1, 0, images, torch::kFloat64).clamp(1e-9, 1 - 1e-9);
  const auto logits = torch::stack({p.log(), (1 - p).log()}, 1);
  const auto scores = conformal_scores(logits, torch::zeros({images}, torch::kInt64));
  EXPECT_EQ(scores.images, images);
  EXPECT_EQ(scores.scores.size(), ConformalScores::kMostScores);
  EXPECT_TRUE(std::is_sorted(scores.scores.begin(), scores.scores.end()));
  for (const double coverage : {0.001, 0.5, 0.9, 0.9987, 0.9999}) {
    const double score = scores.largest_score(coverage).value();
    EXPECT_GE(score, coverage - 1e-4) << coverage;
    EXPECT_LE(score, coverage + 0.0012) << coverage;
  }
}

/// The mean share of images whose set holds the true class, over 50 random divisions into images
/// that the size of sets comes from and others.
double mean_coverage(const DrawnImages& images, double coverage) {
  double sum = 0;
  for (int division = 0; division < 50; ++division) {
    const auto order = torch::randperm(images.labels.size(0));
    const auto parts = order.chunk(2);
    const auto scores = conformal_scores(images.logits.index_select(0, parts[0]),
                                         images.labels.index_select(0, parts[0]));
    const auto sets = conformal_sets(class_scores(images.logits.index_select(0, parts[1])),
                                     scores.largest_score(coverage).value());
    const auto labels = images.labels.index_select(0, parts[1]);
    int held = 0;
    for (std::size_t i = 0; i < sets.size(); ++i) {
      const auto label = labels[static_cast<std::int64_t>(i)].item<std::int64_t>();
      held += std::count(sets[i].begin(), sets[i].end(), static_cast<std::size_t>(label));
    }
    sum += static_cast<double>(held) / static_cast<double>(sets.size());
  }
  return sum / 50;
}

TEST(Conformal, SetsHoldTheTrueClassAsOftenAsAskedFor) {
  const DrawnImages unsure(400, 5, 1, 1);
  const DrawnImages sure(400, 5, 8, 1);  // right in more images than the coverage asks for
  for (const double coverage : {0.8, 0.9, 0.95}) {
    EXPECT_NEAR(mean_coverage(unsure, coverage), coverage, 0.02);
    EXPECT_NEAR(mean_coverage(sure, coverage), coverage, 0.02);
  }
}

TEST(Conformal, SetsBeginWithTheLikeliestClass) {
  const auto logits = torch::tensor({{0.1, 0.7, 0.2}, {0.98, 0.01, 0.01}}).log();
  const auto sets = conformal_sets(class_scores(logits), 0.85);
  EXPECT_THAT(sets[0], testing::ElementsAre(1, 2));
  EXPECT_THAT(sets[1], testing::ElementsAre(0));
  EXPECT_TRUE(conformal_sets(class_scores(logits), 0.1)[0].empty()) << "no class is likely enough";
}

}  // namespace
}  // namespace transfer
