#include "app/training/weight_decay_search.h"

#include <torch/torch.h>

#include <algorithm>

#include "app/training/lbfgs.h"
#include "core/cancellation.h"
#include "core/random.h"

namespace transfer {
namespace {

constexpr std::int64_t kFolds = 5;
constexpr std::int64_t kIterations = 100;
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

/// Beyond so many axes, finding them takes longer than what they save.
constexpr std::int64_t kMostAxes = 512;

struct Sampled {
  torch::Tensor features;  ///< [n,D], scaled, perhaps turned to their principal axes
  torch::Tensor variance;  ///< [D]: along each axis; undefined where they were not turned
  Truth truth;             ///< of n rows
  torch::Tensor folds;     ///< [n], 0 to kFolds − 1, every class spread evenly
};

/// Turns scaled features to their principal axes, of which there are no more than rows. A linear
/// head with an L2 penalty does not notice a rotation, so the fits are the same, but the variance
/// along each axis tells L-BFGS how long its steps may be: it converges in a fraction of the time.
void turn_to_principal_axes(Sampled& sampled) {
  const std::int64_t rows = sampled.features.size(0);
  const std::int64_t columns = sampled.features.size(1);
  if (std::min(rows, columns) > kMostAxes) return;
  const auto features = sampled.features.to(torch::kFloat64);
  const bool is_wide = rows < columns;
  const auto products = is_wide ? features.matmul(features.t()) : features.t().matmul(features);
  const auto [values, vectors] = torch::linalg_eigh(products);
  const auto squares = values.clamp_min(0);
  sampled.features = (is_wide ? vectors * squares.sqrt() : features.matmul(vectors))
                         .to(torch::kFloat32)
                         .contiguous();
  sampled.variance = (squares / static_cast<double>(rows)).to(torch::kFloat32);
}

Sampled sample_features(const HeadProblem& problem) {
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
  std::vector<std::int64_t> folds;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    features.push_back(train.views.front().read(rows[i], 1));
    folds.push_back(static_cast<std::int64_t>(i) % kFolds);
  }
  Sampled sampled{problem.scaling.apply(torch::cat(features)).to(problem.device),
                  {},
                  train.truth().select(torch::tensor(rows, torch::kInt64)).to(problem.device),
                  torch::tensor(folds, torch::kInt64).to(problem.device)};
  turn_to_principal_axes(sampled);
  return sampled;
}

/// The fits of all folds at once: side by side in one matrix they cost one step of L-BFGS instead
/// of five. Their objectives have no weight in common, so the sum is smallest where each of them
/// is.
class Folds {
 public:
  Folds(const HeadProblem& problem, const Sampled& sampled) : problem_(problem), sampled_(sampled) {
    const auto counts =
        sampled.folds.unsqueeze(1).ne(torch::arange(kFolds, sampled.folds.options()));
    // Row by row of all pictures, for each fold; a picture does not count in its own.
    const auto rows = torch::arange(sampled.truth.rows(), sampled.folds.options());
    truth_ = sampled.truth.select(rows.repeat_interleave(kFolds));
    truth_.labels.masked_fill_(counts.flatten().logical_not(), -1);
    std::vector<double> weights;
    for (std::int64_t fold = 0; fold < kFolds; ++fold) {
      const auto kept = counts.select(1, fold).nonzero().flatten();
      weights.push_back(problem.loss.weight(sampled.truth.select(kept)));
    }
    const auto& options = sampled.features.options();
    share_ = torch::tensor(weights, torch::kFloat64);
    total_ = share_.sum().item<double>();
    share_ = (share_ / total_).to(options);
    const std::int64_t dimension = sampled.features.size(1);
    scale_ = torch::ones({dimension}, options);
    weight_ = torch::zeros({kFolds * problem.classes, dimension}, options).requires_grad_(true);
    bias_ = torch::zeros({kFolds * problem.classes}, options).requires_grad_(true);
  }

  /// Fits with that decay, beginning at the last fit. Returns the outputs [n,C] for every picture
  /// by the fit that has not seen it.
  torch::Tensor fit(double weight_decay) {
    even_out_curvature(weight_decay);
    const auto features = sampled_.features * scale_;
    // Of every weight, in the units of `weight_`; the folds' pictures weigh the folds.
    const auto penalty =
        (weight_decay * share_.repeat_interleave(problem_.classes).unsqueeze(1) * scale_.square());
    const auto objective = [&] {
      throw_if_stopped();
      weight_.mutable_grad() = torch::Tensor();
      bias_.mutable_grad() = torch::Tensor();
      const auto outputs = torch::linear(features, weight_, bias_).view({-1, problem_.classes});
      const auto loss = problem_.loss.sum(outputs, truth_) / total_;
      loss.backward();
      torch::NoGradGuard no_gradients;
      const auto gradient = penalty * weight_;
      weight_.mutable_grad().add_(gradient);
      return loss.item<double>() + 0.5 * gradient.flatten().dot(weight_.flatten()).item<double>();
    };
    minimize_by_lbfgs({weight_, bias_}, objective, kIterations, kTolerance);
    torch::NoGradGuard no_gradients;
    const auto outputs = torch::linear(features, weight_, bias_);
    const auto own_fold = sampled_.folds.view({-1, 1, 1}).expand({-1, 1, problem_.classes});
    return outputs.view({-1, kFolds, problem_.classes}).gather(1, own_fold).squeeze(1);
  }

 private:
  /// Chooses the unit of each axis such that the objective curves alike along all of them: the
  /// cross-entropy of C classes by about variance / C at the start, the penalty by its decay.
  void even_out_curvature(double weight_decay) {
    if (!sampled_.variance.defined()) return;
    torch::NoGradGuard no_gradients;
    const auto scale =
        (sampled_.variance / static_cast<double>(problem_.classes) + weight_decay).rsqrt();
    weight_.mul_(scale_ / scale);
    scale_ = scale;
  }

  const HeadProblem& problem_;
  const Sampled& sampled_;
  Truth truth_;
  /// Of each fold, in the weight of all folds' pictures.
  torch::Tensor share_;
  double total_ = 0;
  /// The true weights are `weight_` times this.
  torch::Tensor scale_;
  /// [folds · classes, D], [folds · classes]
  torch::Tensor weight_;
  torch::Tensor bias_;
};

}  // namespace

WeightDecayChoice choose_weight_decay(const HeadProblem& problem) {
  const Sampled sampled = sample_features(problem);
  const auto rows = static_cast<double>(sampled.truth.rows());
  Folds folds(problem, sampled);
  const Loss loss = problem.loss.plain();
  WeightDecayChoice choice;
  double smallest = 0;
  for (const double candidate : candidates_for(problem.loss.objective)) {
    const auto outputs = folds.fit(candidate);
    choice.scores.push_back(
        {candidate, loss.sum(outputs, sampled.truth).item<double>() / rows,
         estimate_score(loss.objective, loss.target_scaling.in_units(outputs), sampled.truth)});
    const WeightDecayScore& last = choice.scores.back();
    // The loss falls and rises again with the decay; once it rises, it does so for good.
    if (choice.scores.size() > 1 && last.loss >= smallest) break;
    smallest = last.loss;
    choice.weight_decay = candidate;
    choice.score = last.score;
  }
  choice.weight_decay *= rows / static_cast<double>(problem.train.valid_rows());
  return choice;
}

}  // namespace transfer
