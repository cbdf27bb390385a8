#include <gtest/gtest.h>

#include <algorithm>

#include "app/training/head_fit.h"
#include "app/training/weight_decay_search.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using Golden = std::map<std::string, torch::Tensor>;

FeatureSet target_features(const torch::Tensor& features, const torch::Tensor& targets) {
  FeatureSet set;
  set.samples.resize(static_cast<std::size_t>(features.size(0)));
  set.views.push_back(FeatureTable::in_memory(features.size(0), features.size(1)));
  set.views.back().write(0, features);
  set.labels = torch::zeros({features.size(0)}, torch::kInt64);
  set.targets = targets;
  return set;
}

HeadProblem problem_of(const FeatureSet& set, LossKind kind) {
  const std::int64_t dimension = set.views.front().dimension();
  HeadProblem problem{
      set, set, set.targets.size(1), {torch::zeros({dimension}), torch::ones({dimension})}};
  problem.loss.objective = {kind};
  if (kind != LossKind::kBinaryCrossEntropy) {
    problem.loss.target_scaling = measure_target_scaling(set.truth(), torch::kCPU);
  }
  problem.options.patience = 0;
  return problem;
}

TEST(NumberHead, SquaredErrorsReachRidgeRegressionInTheTargetsUnits) {
  const auto g = golden("targets.pt");
  const auto set = target_features(g.at("features"), g.at("numbers"));
  HeadProblem problem = problem_of(set, LossKind::kMeanSquaredError);
  problem.weight_decay = 0.05;
  EpochReport last;
  problem.on_epoch = [&last](const EpochReport& report) { last = report; };
  const auto head = fit_head(problem).head;
  for (std::int64_t k = 0; k < 3; ++k) {
    const auto& expected = g.at("ridge_weight")[k];
    EXPECT_LT(
        largest_difference(head.last().weight[k], expected) / expected.abs().max().item<double>(),
        1e-3);
    EXPECT_NEAR(head.last().bias[k].item<double>() / g.at("ridge_bias")[k].item<double>(), 1, 1e-3);
  }
  EXPECT_EQ(last.val_score.name, kR2);
  EXPECT_NEAR(last.train_loss / last.val_loss, 1, 1e-4) << "both in the targets' units";
}

TEST(NumberHead, EveryLossAndOptimizerLearns) {
  const auto g = golden("targets.pt");
  const auto set = target_features(g.at("features"), g.at("numbers"));
  for (const auto kind :
       {LossKind::kMeanSquaredError, LossKind::kMeanAbsoluteError, LossKind::kHuber}) {
    for (const Optimizer optimizer : {Optimizer::kLbfgs, Optimizer::kAdamW, Optimizer::kSgd}) {
      HeadProblem problem = problem_of(set, kind);
      problem.options.optimizer = optimizer;
      problem.options.epochs = 40;
      problem.options.batch_size = 16;
      problem.options.lr = 0.05;
      const auto outputs = head_logits(fit_head(problem).head, set, torch::kCPU);
      const auto metrics = regression_metrics({kind}, outputs, set.truth());
      EXPECT_GT(metrics.mean.r2, 0.6) << name_of(optimizer) << " " << name_of(kind);
    }
  }
}

TEST(NumberHead, NoiseAsksForMoreDecayThanSignal) {
  torch::manual_seed(0);
  const auto features = torch::randn({200, 50});
  const auto clear = target_features(features, features.narrow(1, 0, 1) * 20 + 3);
  const auto noisy = target_features(features, torch::randn({200, 1}));
  const auto signal = choose_weight_decay(problem_of(clear, LossKind::kMeanSquaredError));
  const auto noise = choose_weight_decay(problem_of(noisy, LossKind::kMeanSquaredError));
  EXPECT_LT(signal.weight_decay, 0.1);
  EXPECT_GE(noise.weight_decay, 1.0);
  const auto chosen =
      std::find_if(signal.scores.begin(), signal.scores.end(),
                   [&](const auto& score) { return score.weight_decay == signal.weight_decay; });
  EXPECT_GT(chosen->score.value, 0.95) << "cross-validated R²";
}

TEST(LabelHead, OppositeLabelsGetOppositeProbabilities) {
  const auto g = golden("targets.pt");
  const auto first = g.at("labels").narrow(1, 0, 1);
  const auto set = target_features(g.at("features"), torch::cat({first, 1 - first}, 1));
  HeadProblem problem = problem_of(set, LossKind::kBinaryCrossEntropy);
  problem.weight_decay = 0.01;
  const auto outputs = head_logits(fit_head(problem).head, set, torch::kCPU);
  EXPECT_LT(largest_difference(outputs.select(1, 0), -outputs.select(1, 1)), 1e-3)
      << "two sigmoids are one logistic regression";
  EXPECT_GT(
      multi_label_metrics(problem.loss.objective, outputs, set.truth(), {}).accuracy.value_or(0),
      0.75);
}

}  // namespace
}  // namespace transfer
