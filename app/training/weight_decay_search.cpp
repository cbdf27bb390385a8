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

/// From strong to weak, so that each fit starts near its solution at the one before.
constexpr double kCandidates[] = {1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 1e-4};

struct Sampled {
  torch::Tensor features;  ///< [n,D], scaled
  torch::Tensor labels;    ///< [n]
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
  std::vector<std::int64_t> labels;
  std::vector<std::int64_t> folds;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    features.push_back(train.views.front().read(rows[i], 1));
    labels.push_back(all_labels[rows[i]]);
    folds.push_back(static_cast<std::int64_t>(i) % kFolds);
  }
  return {problem.scaling.apply(torch::cat(features)).to(problem.device),
          torch::tensor(labels, torch::kInt64).to(problem.device),
          torch::tensor(folds, torch::kInt64).to(problem.device)};
}

/// Fits one fold for every candidate. The scores are sums over the fold's pictures, divided by the
/// number of all pictures.
std::vector<WeightDecayScore> score_fold(const HeadProblem& problem, const Sampled& sampled,
                                         std::int64_t fold) {
  std::vector<WeightDecayScore> scores;
  for (const double candidate : kCandidates) scores.push_back({candidate, 0, 0});
  const auto kept = sampled.folds.ne(fold).nonzero().flatten();
  const auto left_out = sampled.folds.eq(fold).nonzero().flatten();
  if (left_out.size(0) == 0 || kept.size(0) == 0) return scores;
  const auto features = sampled.features.index_select(0, kept);
  const auto labels = sampled.labels.index_select(0, kept);
  const auto held_features = sampled.features.index_select(0, left_out);
  const auto held_labels = sampled.labels.index_select(0, left_out);
  const auto options = features.options().requires_grad(true);
  const auto weight = torch::zeros({problem.classes, features.size(1)}, options);
  const auto bias = torch::zeros({problem.classes}, options);
  const double total = problem.loss.weight(labels);
  for (WeightDecayScore& score : scores) {
    Lbfgs optimizer({weight, bias}, kTolerance);
    const auto objective = [&] {
      weight.mutable_grad() = torch::Tensor();
      bias.mutable_grad() = torch::Tensor();
      const auto loss = problem.loss.sum(torch::linear(features, weight, bias), labels) / total +
                        0.5 * score.weight_decay * weight.square().sum();
      loss.backward();
      return loss.item<double>();
    };
    for (int i = 0; i < kIterations; ++i) {
      throw_if_stopped();
      if (optimizer.step(objective)) break;
    }
    torch::NoGradGuard no_gradients;
    const auto logits = torch::linear(held_features, weight, bias);
    const auto n = static_cast<double>(sampled.labels.size(0));
    score.loss += CrossEntropy{}.sum(logits, held_labels).item<double>() / n;
    score.top1 +=
        static_cast<double>(logits.argmax(1).eq(held_labels).sum().item<std::int64_t>()) / n;
  }
  return scores;
}

}  // namespace

WeightDecayChoice choose_weight_decay(const HeadProblem& problem) {
  const Sampled sampled = sample_features(problem);
  WeightDecayChoice choice;
  for (const double candidate : kCandidates) choice.scores.push_back({candidate, 0, 0});
  // The folds run side by side: each is too small to be worth sharing between threads.
  std::vector<std::vector<WeightDecayScore>> scores(kFolds);
  std::atomic<std::int64_t> next_fold = 0;
  std::vector<std::future<void>> workers;
  for (std::int64_t i = 0; i < std::min(problem.threads, kFolds); ++i) {
    workers.push_back(std::async(std::launch::async, [&] {
      use_threads(std::max<std::int64_t>(problem.threads / kFolds, 1));
      for (auto fold = next_fold++; fold < kFolds; fold = next_fold++) {
        scores[static_cast<std::size_t>(fold)] = score_fold(problem, sampled, fold);
      }
    }));
  }
  for (auto& worker : workers) worker.wait();
  for (auto& worker : workers) worker.get();
  for (const auto& fold : scores) {
    for (std::size_t i = 0; i < fold.size(); ++i) {
      choice.scores[i].loss += fold[i].loss;
      choice.scores[i].top1 += fold[i].top1;
    }
  }
  const auto best = std::min_element(choice.scores.begin(), choice.scores.end(),
                                     [](const auto& a, const auto& b) { return a.loss < b.loss; });
  choice.weight_decay = best->weight_decay;
  return choice;
}

}  // namespace transfer
