#include "app/training/weight_decay_search.h"

#include <torch/torch.h>

#include <algorithm>
#include <atomic>
#include <future>

#include "app/compute/device.h"
#include "app/training/lbfgs.h"
#include "core/cancellation.h"
#include "core/random.h"

namespace transfer {
namespace {

constexpr std::int64_t kFolds = 5;
constexpr std::size_t kMostPictures = 2000;
constexpr int kIterations = 100;
/// Fits that stop earlier are regularised by stopping, and make too weak a decay look best.
constexpr double kTolerance = 1e-6;

/// From strong to weak, so that each fit starts near its solution at the one before. Noisy numbers
/// ask for more than classes do: on the solar cells' defect probability 1 or 2 is best, by the
/// seed.
std::vector<double> candidates_for(const Objective& objective) {
  std::vector<double> candidates = {1.0,  0.5,   0.2,   0.1,   0.05, 0.02,
                                    0.01, 0.005, 0.002, 0.001, 1e-4};
  if (objective.targets() == TargetKind::kValues) {
    candidates.insert(candidates.begin(), {20.0, 10.0, 5.0, 2.0});
  }
  return candidates;
}

struct Sampled {
  torch::Tensor features;  ///< [n,D], scaled
  Truth truth;             ///< of n rows
  torch::Tensor folds;     ///< [n], 0 to kFolds − 1, every class spread evenly
};

Sampled sample_features(const HeadProblem& problem) {
  const FeatureSet& train = problem.train;
  const auto* all_labels = train.labels.data_ptr<std::int64_t>();
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < train.rows(); ++i) {
    if (all_labels[i] >= 0) rows.push_back(i);
  }
  Random random(mix_seed({problem.seed, 0xF01D}));
  random.shuffle(rows);
  if (rows.size() > kMostPictures) rows.resize(kMostPictures);
  std::stable_sort(rows.begin(), rows.end(), [all_labels](std::int64_t a, std::int64_t b) {
    return all_labels[a] < all_labels[b];
  });
  std::vector<torch::Tensor> features;
  std::vector<std::int64_t> folds;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    features.push_back(train.views.front().read(rows[i], 1));
    folds.push_back(static_cast<std::int64_t>(i) % kFolds);
  }
  return {problem.scaling.apply(torch::cat(features)).to(problem.device),
          train.truth().select(torch::tensor(rows, torch::kInt64)).to(problem.device),
          torch::tensor(folds, torch::kInt64).to(problem.device)};
}

/// A weight decay and the outputs [n,C] for the pictures left out of each fold's fit.
struct Candidate {
  double weight_decay = 0;
  torch::Tensor outputs;
};

/// Fits one fold for every candidate and fills in its rows of the outputs.
void fit_fold(const HeadProblem& problem, const Sampled& sampled, std::int64_t fold,
              const std::vector<Candidate>& candidates) {
  const auto kept = sampled.folds.ne(fold).nonzero().flatten();
  const auto left_out = sampled.folds.eq(fold).nonzero().flatten();
  if (left_out.size(0) == 0 || kept.size(0) == 0) return;
  const auto features = sampled.features.index_select(0, kept);
  const Truth truth = sampled.truth.select(kept);
  const auto held_features = sampled.features.index_select(0, left_out);
  const auto options = features.options().requires_grad(true);
  const auto weight = torch::zeros({problem.classes, features.size(1)}, options);
  const auto bias = torch::zeros({problem.classes}, options);
  const double total = problem.loss.weight(truth);
  for (const Candidate& candidate : candidates) {
    Lbfgs optimizer({weight, bias}, kTolerance);
    const auto objective = [&] {
      weight.mutable_grad() = torch::Tensor();
      bias.mutable_grad() = torch::Tensor();
      const auto loss = problem.loss.sum(torch::linear(features, weight, bias), truth) / total +
                        0.5 * candidate.weight_decay * weight.square().sum();
      loss.backward();
      return loss.item<double>();
    };
    for (int i = 0; i < kIterations; ++i) {
      throw_if_stopped();
      if (optimizer.step(objective)) break;
    }
    torch::NoGradGuard no_gradients;
    torch::Tensor target = candidate.outputs;
    target.index_copy_(0, left_out, torch::linear(held_features, weight, bias));
  }
}

}  // namespace

WeightDecayChoice choose_weight_decay(const HeadProblem& problem) {
  const Sampled sampled = sample_features(problem);
  const auto rows = sampled.truth.rows();
  std::vector<Candidate> candidates;
  for (const double weight_decay : candidates_for(problem.loss.objective)) {
    candidates.push_back(
        {weight_decay, torch::zeros({rows, problem.classes}, sampled.features.options())});
  }
  // The folds run side by side: each is too small to be worth sharing between threads.
  std::atomic<std::int64_t> next_fold = 0;
  std::vector<std::future<void>> workers;
  for (std::int64_t i = 0; i < std::min(problem.threads, kFolds); ++i) {
    workers.push_back(std::async(std::launch::async, [&] {
      use_threads(std::max<std::int64_t>(problem.threads / kFolds, 1));
      for (auto fold = next_fold++; fold < kFolds; fold = next_fold++) {
        fit_fold(problem, sampled, fold, candidates);
      }
    }));
  }
  for (auto& worker : workers) worker.wait();
  for (auto& worker : workers) worker.get();
  const Loss loss = problem.loss.plain();
  WeightDecayChoice choice;
  for (const auto& [weight_decay, outputs] : candidates) {
    choice.scores.push_back(
        {weight_decay, loss.sum(outputs, sampled.truth).item<double>() / static_cast<double>(rows),
         estimate_score(loss.objective, loss.target_scaling.in_units(outputs), sampled.truth)});
  }
  const auto best = std::min_element(choice.scores.begin(), choice.scores.end(),
                                     [](const auto& a, const auto& b) { return a.loss < b.loss; });
  choice.weight_decay = best->weight_decay;
  return choice;
}

}  // namespace transfer
