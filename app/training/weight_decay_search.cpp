#include "app/training/weight_decay_search.h"

#include <torch/torch.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "app/training/fold_heads.h"
#include "core/random.h"

namespace transfer {
namespace {

constexpr std::int64_t kFolds = 5;

/// From strong to weak, so that each fit starts near its solution at the one before. Noisy
/// regression targets need more than classes do: for the solar cells' defect probability 1 or 2 is
/// best, depending on the seed.
std::vector<double> candidates_for(const Objective& objective) {
  std::vector<double> candidates = {1.0,  0.5,   0.2,   0.1,   0.05, 0.02,
                                    0.01, 0.005, 0.002, 0.001, 1e-4};
  if (objective.targets() == TargetKind::kValues) {
    candidates.insert(candidates.begin(), {20.0, 10.0, 5.0, 2.0});
  }
  return candidates;
}

/// Relative difference of the loss below which two decays count as equal. Near its minimum the loss
/// is so flat that the random folds would decide.
constexpr double kNoDifference = 0.005;

/// With more axes than this, finding them takes longer than they save.
constexpr std::int64_t kMostAxes = 512;

/// Rotates scaled features to their principal axes, of which there are no more than rows. A linear
/// head with an L2 penalty is invariant to rotation, so the fits are the same, but along these axes
/// FoldHeads can choose units that suit the loss.
torch::Tensor turned_to_principal_axes(const torch::Tensor& scaled) {
  const std::int64_t rows = scaled.size(0);
  const std::int64_t columns = scaled.size(1);
  if (std::min(rows, columns) > kMostAxes) return scaled;
  const auto features = scaled.to(torch::kFloat64);
  const bool is_wide = rows < columns;
  const auto products = is_wide ? features.matmul(features.t()) : features.t().matmul(features);
  const auto [values, vectors] = torch::linalg_eigh(products);
  return (is_wide ? vectors * values.clamp_min(0).sqrt() : features.matmul(vectors))
      .to(torch::kFloat32)
      .contiguous();
}

/// A fold for each row, dealt in turn; copies of an image follow the first of them, so that no head
/// is scored on an image that it was fitted to.
std::vector<std::int64_t> dealt_folds(const std::vector<std::int64_t>& rows,
                                      const std::vector<Sample>& samples) {
  std::vector<std::int64_t> folds;
  std::unordered_map<std::int64_t, std::int64_t> fold_of_group;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t turn = static_cast<std::int64_t>(i) % kFolds;
    const std::int64_t group = samples[static_cast<std::size_t>(rows[i])].copy_group;
    folds.push_back(group < 0 ? turn : fold_of_group.try_emplace(group, turn).first->second);
  }
  return folds;
}

FoldedImages sample_images(const HeadProblem& problem) {
  const FeatureSet& train = problem.train;
  const auto* all_labels = train.labels.data_ptr<std::int64_t>();
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < train.rows(); ++i) {
    if (all_labels[i] >= 0) rows.push_back(i);
  }
  Random random(mix_seed({problem.seed, 0xF01D}));
  random.shuffle(rows);
  if (rows.size() > kMostCrossValidated) rows.resize(kMostCrossValidated);
  std::stable_sort(rows.begin(), rows.end(), [all_labels](std::int64_t a, std::int64_t b) {
    return all_labels[a] < all_labels[b];
  });
  std::vector<torch::Tensor> features;
  for (const std::int64_t row : rows) features.push_back(train.views.front().read(row, 1));
  return {turned_to_principal_axes(problem.scaling.apply(torch::cat(features)).to(problem.device)),
          train.truth().select(torch::tensor(rows, torch::kInt64)).to(problem.device),
          torch::tensor(dealt_folds(rows, train.samples), torch::kInt64).to(problem.device),
          kFolds};
}

}  // namespace

const WeightDecayScore& strongest_of_the_best(const std::vector<WeightDecayScore>& scores) {
  double smallest = std::numeric_limits<double>::infinity();
  for (const WeightDecayScore& score : scores) {
    if (score.loss < smallest) smallest = score.loss;
  }
  const auto found = std::find_if(scores.begin(), scores.end(), [&](const WeightDecayScore& score) {
    return score.loss <= (1 + kNoDifference) * smallest;
  });
  return found == scores.end() ? scores.front() : *found;
}

WeightDecayChoice choose_weight_decay(const HeadProblem& problem) {
  const FoldedImages images = sample_images(problem);
  const auto rows = static_cast<double>(images.truth.rows());
  FoldHeads heads(problem.loss, images, problem.classes);
  const Loss loss = problem.loss.plain();
  WeightDecayChoice choice;
  for (const double candidate : candidates_for(problem.loss.objective)) {
    const auto outputs = heads.fit(candidate);
    choice.scores.push_back(
        {candidate, loss.sum(outputs, images.truth).item<double>() / rows,
         estimate_score(loss.objective, loss.target_scaling.in_units(outputs), images.truth)});
    // The loss falls and rises again with the decay; once it rises, it does so for good.
    const std::size_t tried = choice.scores.size();
    if (tried > 1 && choice.scores[tried - 1].loss >= choice.scores[tried - 2].loss) break;
    if (problem.time_limit.is_up()) break;
  }
  const WeightDecayScore& chosen = strongest_of_the_best(choice.scores);
  choice.score = chosen.score;
  choice.weight_decay =
      chosen.weight_decay * (rows / static_cast<double>(problem.train.valid_rows()));
  return choice;
}

}  // namespace transfer
