#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>

#include "app/training/early_stopping.h"
#include "app/training/head_fit.h"
#include "app/training/weight_decay_search.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

FeatureSet class_features(const torch::Tensor& features, const torch::Tensor& labels) {
  FeatureSet set;
  set.samples.resize(static_cast<std::size_t>(features.size(0)));
  set.views.push_back(FeatureTable::in_memory(features.size(0), features.size(1)));
  set.views.back().write(0, features);
  set.labels = labels.clone();
  return set;
}

FeatureScaling no_scaling(std::int64_t dimension) {
  return {torch::zeros({dimension}), torch::ones({dimension})};
}

/// A problem whose training and validation images are the same, on the CPU.
HeadProblem problem_of(const FeatureSet& set, std::int64_t classes, FeatureScaling scaling,
                       double weight_decay, std::uint64_t seed = 0) {
  HeadProblem problem{set, set, classes, std::move(scaling)};
  problem.weight_decay = weight_decay;
  problem.seed = seed;
  return problem;
}

TEST(HeadFit, LbfgsReachesTheOptimum) {
  auto g = golden("head.pt");
  const auto set = class_features(g["features"], g["labels"]);
  HeadProblem problem = problem_of(set, 5, no_scaling(20), 0.01);
  problem.options.patience = 0;
  problem.options.iterations = 500;
  const auto fitted = fit_head(problem);
  EXPECT_LT(largest_difference(fitted.head.last().weight, g["lbfgs_weight"]), 2e-3);
  const double objective =
      torch::nn::functional::cross_entropy(fitted.head.logits(g["features"]), g["labels"])
          .item<double>() +
      0.005 * fitted.head.last().weight.square().sum().item<double>();
  EXPECT_NEAR(objective, g["lbfgs_objective"].item<double>(), 1e-5);
}

TEST(HeadFit, ScalingIsFoldedIntoTheHead) {
  auto g = golden("head.pt");
  const auto set = class_features(g["features"] * 7 + 3, g["labels"]);
  const auto scaling = measure_scaling(set);
  const Head head = linear_head(g["weight"], g["bias"]);
  const auto scaled = scaling.apply(g["features"] * 7 + 3);
  EXPECT_NEAR(scaled.square().mean().item<double>(), 1.0, 1e-4);
  const auto folded = scaling.unscaled(head);
  EXPECT_LT(largest_difference(head.logits(scaled), folded.logits(g["features"] * 7 + 3)), 1e-3);
}

TEST(HeadFit, ScalingsFoldIntoTheFirstAndTheLastOfSeveralLayers) {
  HeadConfig config;
  config.hidden = {6, 4};
  config.activation = Activation::kTanh;
  const Head head = random_head(config, 3, 2, 1);
  const FeatureScaling features{torch::tensor({1.0F, -20.0F, 300.0F}),
                                torch::tensor({2.0F, 5.0F, 90.0F})};
  const TargetScaling targets{torch::tensor({5.0F, -1000.0F}), torch::tensor({0.1F, 300.0F})};
  const auto scaled = torch::randn({8, 3});
  const auto unscaled = scaled * features.scale + features.mean;
  const Head folded = targets.in_units(features.unscaled(head));
  EXPECT_TRUE(
      torch::allclose(folded.logits(unscaled), targets.in_units(head.logits(scaled)), 1e-4, 1e-3));
  EXPECT_LT(largest_difference(targets.scaled(folded).logits(unscaled), head.logits(scaled)), 1e-4);
}

TEST(HeadFit, HiddenLayersLearnWhatNoSingleLayerCan) {
  // Whether exactly one of two numbers is positive.
  const auto features =
      torch::rand({400, 2}, torch::make_generator<at::CPUGeneratorImpl>(4)) * 2 - 1;
  const auto labels = features.gt(0).sum(1).eq(1).to(torch::kInt64);
  const auto set = class_features(features, labels);
  const auto right = [&](const std::vector<std::int64_t>& hidden, double dropout) {
    HeadProblem problem = problem_of(set, 2, measure_scaling(set), 0.001, 3);
    problem.head.hidden = hidden;
    problem.head.dropout = dropout;
    problem.options.optimizer = Optimizer::kAdamW;
    problem.options.lr = 0.02;
    problem.options.epochs = 30;
    const Head head = fit_head(problem).head;
    // The same seed draws the same units to leave out.
    EXPECT_TRUE(torch::equal(head.last().weight, fit_head(problem).head.last().weight));
    return head.logits(features).argmax(1).eq(labels).to(torch::kFloat64).mean().item<double>();
  };
  EXPECT_LT(right({}, 0), 0.7);
  EXPECT_GT(right({16}, 0.2), 0.95);
}

TEST(FeatureScaling, DividesByTheRootOfEachDeviation) {
  // Deviations 1, 4 and 0 about the means 2, 10 and 5; their mean is 5/3, so 1/12 is added to each.
  const auto features = torch::tensor({{1.0F, 6.0F, 5.0F}, {3.0F, 14.0F, 5.0F}});
  const auto scaling = measure_scaling(class_features(features, torch::tensor({0, 1})));
  EXPECT_TRUE(torch::allclose(scaling.mean, torch::tensor({2.0F, 10.0F, 5.0F})));
  EXPECT_NEAR((scaling.scale[1] / scaling.scale[0]).item<double>(),
              std::sqrt((4 + 1.0 / 12) / (1 + 1.0 / 12)), 1e-5);
  EXPECT_NEAR(scaling.apply(features).square().mean().item<double>(), 1.0, 1e-5);
}

TEST(HeadFit, SeededOptimizersRepeatAndLearn) {
  auto g = golden("head.pt");
  const auto set = class_features(g["features"], g["labels"]);
  for (const Optimizer optimizer : {Optimizer::kSgd, Optimizer::kAdamW}) {
    const auto run = [&](std::uint64_t seed) {
      HeadProblem problem = problem_of(set, 5, no_scaling(20), 1e-3, seed);
      problem.options.optimizer = optimizer;
      problem.options.epochs = 20;
      problem.options.batch_size = 16;
      problem.options.lr = 0.05;
      return fit_head(problem);
    };
    const auto first = run(1);
    EXPECT_TRUE(torch::equal(first.head.last().weight, run(1).head.last().weight))
        << name_of(optimizer);
    EXPECT_FALSE(torch::equal(first.head.last().weight, run(2).head.last().weight))
        << name_of(optimizer);
    const auto m =
        classification_metrics(head_logits(first.head, set, torch::kCPU), set.labels, {});
    EXPECT_LT(m.loss, std::log(5.0) * 0.9) << name_of(optimizer);
  }
}

/// Full batches and a constant rate make the curve comparable; Python starts from the same head.
std::vector<double> loss_curve(const std::map<std::string, torch::Tensor>& g, Optimizer optimizer,
                               double lr, double decay) {
  const auto set = class_features(g.at("features"), g.at("labels"));
  std::vector<double> losses;
  HeadProblem problem = problem_of(set, 5, no_scaling(20), decay);
  problem.options.optimizer = optimizer;
  problem.options.epochs = 10;
  problem.options.batch_size = 64;
  problem.options.lr = lr;
  problem.options.schedule = Schedule::kConstant;
  problem.options.patience = 0;
  problem.initial = linear_head(g.at("weight"), g.at("bias"));
  problem.on_epoch = [&losses](const EpochReport& report) { losses.push_back(report.train_loss); };
  fit_head(problem);
  return losses;
}

TEST(HeadFit, TenStepsFollowPythonsLossCurve) {
  auto g = golden("head.pt");
  const auto sgd = loss_curve(g, Optimizer::kSgd, 0.1, 1e-3);
  const auto adamw = loss_curve(g, Optimizer::kAdamW, 0.01, 0.05);
  for (std::size_t i = 0; i < 10; ++i) {
    const auto step = static_cast<std::int64_t>(i);
    EXPECT_NEAR(sgd[i], g["sgd_losses"][step].item<double>(), 1e-5) << i;
    EXPECT_NEAR(adamw[i], g["adamw_losses"][step].item<double>(), 1e-5) << i;
  }
}

TEST(WeightDecay, NoiseAsksForMoreDecayThanSignal) {
  torch::manual_seed(0);
  const auto noise = torch::randn({200, 50});
  const auto labels = torch::randint(0, 2, {200}, torch::kInt64);
  const auto noisy = class_features(noise, labels);
  auto signal = torch::randn({200, 50});
  signal.select(1, 0).add_(labels.to(torch::kFloat32) * 20);
  const auto clear = class_features(signal, labels);
  const auto choose = [](const FeatureSet& set) {
    return choose_weight_decay(problem_of(set, 2, measure_scaling(set), 0)).weight_decay;
  };
  EXPECT_EQ(choose(noisy), 1.0);
  EXPECT_LT(choose(clear), 0.1);
}

TEST(WeightDecay, OfNearlyEqualLossesTheStrongestDecayIsTaken) {
  const auto chosen = [](const std::vector<double>& losses) {
    std::vector<WeightDecayScore> scores;
    scores.reserve(losses.size());
    double weight_decay = 16;
    for (const double loss : losses) scores.push_back({weight_decay /= 2, loss, {}});
    return strongest_of_the_best(scores).weight_decay;
  };
  EXPECT_EQ(chosen({0.3, 0.2, 0.1995, 0.1992}), 4) << "less than half a percent apart";
  EXPECT_EQ(chosen({0.3, 0.2, 0.197, 0.196}), 1) << "0.197 is more above 0.196 than that";
  EXPECT_EQ(chosen({0.3, 0.4}), 8);
  const double no_number = std::nan("");
  EXPECT_EQ(chosen({0.7, no_number, 0.3}), 2);
  EXPECT_EQ(chosen({no_number, no_number}), 8);
}

TEST(WeightDecay, OfASampleIsScaledToAllImages) {
  torch::manual_seed(0);
  const auto set =
      class_features(torch::randn({8000, 20}), torch::randint(0, 2, {8000}, torch::kInt64));
  const auto choice = choose_weight_decay(problem_of(set, 2, measure_scaling(set), 0));
  EXPECT_EQ(choice.scores.front().weight_decay, 1.0);
  EXPECT_EQ(choice.weight_decay, 0.25) << "noise asks for the strongest";
}

TEST(WeightDecay, IsChosenWithAPartOfVeryManyClasses) {
  torch::manual_seed(0);
  constexpr std::int64_t kClasses = 2 * kMostCrossValidatedClasses;
  const auto labels = torch::arange(4 * kClasses).remainder(kClasses);
  const auto set = class_features(
      torch::randn({kClasses, 16}).index_select(0, labels) + torch::randn({4 * kClasses, 16}),
      labels);
  const auto problem = problem_of(set, kClasses, measure_scaling(set), 0);
  const auto choice = choose_weight_decay(problem);
  EXPECT_LT(choice.weight_decay, 0.05);
  const auto scored = choose_weight_decay(problem, ScoredClasses::kAll);
  EXPECT_EQ(scored.weight_decay, choice.weight_decay);
  EXPECT_LT(scored.score.value, choice.score.value) << "twice as many classes to confuse";
  EXPECT_GT(scored.score.value, 0.3);
}

TEST(WeightDecay, CopiesOfAnImageNeverScoreTheHeadThatHasSeenThem) {
  torch::manual_seed(0);
  const auto images = torch::randn({60, 50}).repeat({3, 1});
  auto set = class_features(images, torch::randint(0, 2, {60}, torch::kInt64).repeat({3}));
  const auto choose = [&set] {
    return choose_weight_decay(problem_of(set, 2, measure_scaling(set), 0));
  };
  EXPECT_LT(choose().weight_decay, 0.1) << "copies that nobody knows of look like a signal";
  for (std::size_t i = 0; i < set.samples.size(); ++i) {
    set.samples[i].copy_group = set.samples[i].kept_with = static_cast<std::int64_t>(i % 60);
  }
  EXPECT_EQ(choose().weight_decay, 1.0);
}

TEST(EarlyStopping, KeepsTheBestAndStopsAfterPatience) {
  EarlyStopping stopping(2, 0.1);
  EXPECT_TRUE(stopping.is_better(1.0));
  EXPECT_FALSE(stopping.is_better(0.95)) << "less than min_delta";
  EXPECT_FALSE(stopping.should_stop());
  EXPECT_TRUE(stopping.is_better(0.8));
  EXPECT_FALSE(stopping.is_better(std::nan("")));
  EXPECT_FALSE(stopping.is_better(0.8));
  EXPECT_TRUE(stopping.should_stop());
  EXPECT_EQ(stopping.best_epoch(), 3);
}

TEST(EarlyStopping, ARunThatGoesOnCountsItsPatienceAnew) {
  EarlyStopping stopping(2, 0.0);
  stopping.go_on(/*best=*/0.5, /*best_epoch=*/3, /*epoch=*/9);
  EXPECT_FALSE(stopping.should_stop()) << "though epoch 3 is long ago";
  EXPECT_FALSE(stopping.is_better(0.6));
  EXPECT_FALSE(stopping.should_stop());
  EarlyStopping restored(2, 0.0);
  restored.restore(stopping.state());
  EXPECT_FALSE(restored.is_better(0.7));
  EXPECT_TRUE(restored.should_stop());
  EXPECT_EQ(restored.best_epoch(), 3);
}

}  // namespace
}  // namespace transfer
