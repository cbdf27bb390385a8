#include "app/training/weight_decay_search.h"

#include <torch/torch.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <unordered_map>

#include "app/training/fold_heads.h"
#include "app/training/principal_axes.h"
#include "core/random.h"
#include "datasets/group_split.h"

namespace transfer {
namespace {

constexpr std::int64_t kFolds = 5;

/// From strong to weak, so that each fit starts near its solution at the one before. Noisy
/// regression targets need more than classes do: for the solar cells' defect probability 1 or 2 is
/// best, depending on the seed. Many classes need less: the loss is flatter along each.
std::vector<double> candidates_for(const Objective& objective, std::int64_t outputs) {
  constexpr std::int64_t kMany = 50;
  std::vector<double> candidates = {1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001};
  if (objective.targets() == TargetKind::kValues) {
    candidates.insert(candidates.begin(), {20.0, 10.0, 5.0, 2.0});
  }
  if (objective.targets() == TargetKind::kClass && outputs >= kMany) {
    candidates.insert(candidates.end(), {5e-4, 2e-4});
  }
  candidates.push_back(1e-4);
  return candidates;
}

/// The candidate to begin with. For classes alike the curvature of the loss along an output is at
/// most 1 / C, and a decay of several times that leaves little of the solution; others begin with
/// the strongest.
std::size_t first_candidate(const std::vector<double>& candidates, const Objective& objective,
                            std::int64_t outputs) {
  constexpr double kTimes = 8;
  if (objective.targets() != TargetKind::kClass) return 0;
  const auto found = std::find_if(
      candidates.begin(), candidates.end(),
      [outputs](double candidate) { return candidate <= kTimes / static_cast<double>(outputs); });
  return static_cast<std::size_t>(std::min(found, candidates.end() - 1) - candidates.begin());
}

/// Relative difference of the loss below which two decays count as equal. Near its minimum the loss
/// is so flat that the random folds would decide.
constexpr double kNoDifference = 0.005;

/// How the fits of a cross-validation are made.
struct FitPlan {
  /// The part of the features' squares that the axes hold.
  double held = 1;
  double tolerance = 1e-7;
};

FitPlan plan_for(std::int64_t rows, std::int64_t columns, std::int64_t outputs) {
  /// Multiply-adds of a step of all folds from which on approximations pay.
  constexpr double kLong = 5e8;
  const auto axes = static_cast<double>(std::min(rows, columns));
  const auto work = static_cast<double>(rows) * axes * static_cast<double>(outputs * kFolds);
  return work < kLong ? FitPlan{} : FitPlan{.held = 0.99, .tolerance = 1e-5};
}

/// A fold for each row, dealt in turn; copies of an image follow the first of them, so that no head
/// is scored on an image that it was fitted to. Groups stay whole.
std::vector<std::int64_t> dealt_folds(const std::vector<std::int64_t>& rows,
                                      const std::vector<Sample>& samples) {
  std::vector<Sample> chosen;
  for (const std::int64_t row : rows) chosen.push_back(samples[static_cast<std::size_t>(row)]);
  if (have_groups(chosen) && count_parts(chosen) > 1) return deal_groups(chosen, kFolds, 0);
  std::vector<std::int64_t> folds;
  std::unordered_map<std::int64_t, std::int64_t> fold_of_group;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t turn = static_cast<std::int64_t>(i) % kFolds;
    const std::int64_t group = chosen[i].kept_with;
    folds.push_back(group < 0 ? turn : fold_of_group.try_emplace(group, turn).first->second);
  }
  return folds;
}

/// Training images for cross-validation, and what their heads are fitted with.
struct FoldedSample {
  FoldedImages images;
  Loss loss;
  std::int64_t outputs = 0;
  FitPlan plan = {};
};

/// The rows of images that can be read, at random.
std::vector<std::int64_t> shuffled_rows(const FeatureSet& train, Random& random) {
  const auto* labels = train.labels.data_ptr<std::int64_t>();
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < train.rows(); ++i) {
    if (labels[i] >= 0) rows.push_back(i);
  }
  random.shuffle(rows);
  return rows;
}

/// Leaves images of so many classes, drawn at random, and numbers these classes anew.
void keep_classes(std::vector<std::int64_t>& rows, FoldedSample& sample, torch::Tensor& labels,
                  std::int64_t most_classes, Random& random) {
  std::vector<std::int64_t> classes(static_cast<std::size_t>(sample.outputs));
  std::iota(classes.begin(), classes.end(), 0);
  random.shuffle(classes);
  classes.resize(static_cast<std::size_t>(most_classes));
  std::sort(classes.begin(), classes.end());
  const auto kept = torch::tensor(classes, torch::kInt64);
  auto numbers = torch::full({sample.outputs}, -1, torch::kInt64);
  numbers.index_put_({kept}, torch::arange(most_classes));
  labels = torch::where(labels.ge(0), numbers.index_select(0, labels.clamp_min(0)), labels);
  const auto* const number = labels.const_data_ptr<std::int64_t>();
  std::erase_if(rows, [number](std::int64_t row) { return number[row] < 0; });
  for (torch::Tensor* of_classes : {&sample.loss.class_weights, &sample.loss.logit_offsets}) {
    if (!of_classes->defined()) continue;
    *of_classes = of_classes->index_select(0, kept.to(of_classes->device()));
  }
  sample.outputs = most_classes;
}

FoldedSample sample_images(const HeadProblem& problem, std::int64_t most_classes) {
  const FeatureSet& train = problem.train;
  FoldedSample sample{{}, problem.loss, problem.classes};
  torch::Tensor labels = train.labels.contiguous();
  Random random(mix_seed({problem.seed, 0xF01D}));
  std::vector<std::int64_t> rows = shuffled_rows(train, random);
  const bool has_classes = problem.loss.objective.targets() == TargetKind::kClass;
  if (has_classes && problem.classes > most_classes) {
    keep_classes(rows, sample, labels, most_classes, random);
  }
  if (rows.size() > kMostCrossValidated) rows.resize(kMostCrossValidated);
  const auto* const label = labels.const_data_ptr<std::int64_t>();
  std::stable_sort(rows.begin(), rows.end(),
                   [label](std::int64_t a, std::int64_t b) { return label[a] < label[b]; });
  auto features = problem.scaling.apply(train.views.front().gather(rows)).to(problem.device);
  sample.plan = plan_for(features.size(0), features.size(1), sample.outputs);
  const auto axes = principal_axes(
      features.size(0), features.size(1),
      [&](std::int64_t first, std::int64_t count) { return features.narrow(0, first, count); });
  if (axes) {
    features = features.matmul(axes->strongest(sample.plan.held).basis);
  }
  Truth truth = train.truth();
  truth.labels = labels;
  sample.images = {
      features, truth.select(torch::tensor(rows, torch::kInt64)).to(problem.device),
      torch::tensor(dealt_folds(rows, train.samples), torch::kInt64).to(problem.device), kFolds};
  return sample;
}

/// Fits and scores one decay after the other.
class DecaySearch {
 public:
  DecaySearch(const HeadProblem& problem, std::int64_t most_classes)
      : problem_(problem),
        sample_(sample_images(problem, most_classes)),
        heads_(sample_.loss, sample_.images, sample_.outputs, sample_.plan.tolerance),
        candidates_(candidates_for(problem.loss.objective, sample_.outputs)) {}

  /// Images that are cross-validated.
  std::int64_t images() const { return sample_.images.truth.rows(); }

  WeightDecayChoice run() {
    const std::size_t first =
        first_candidate(candidates_, problem_.loss.objective, sample_.outputs);
    try_decay(first);
    std::size_t next = first + 1;
    while (next < candidates_.size() && try_decay(next)) ++next;
    // Nothing weaker was better: perhaps something stronger is.
    if (next == first + 1 && first > 0) {
      last_loss_ = scores_.front().loss;
      for (std::size_t i = first; i > 0 && try_decay(i - 1);) --i;
    }
    std::sort(scores_.begin(), scores_.end(),
              [](const auto& a, const auto& b) { return a.weight_decay > b.weight_decay; });
    return choice();
  }

  /// The heads' loss and score for a weight decay.
  WeightDecayScore score(double weight_decay) {
    const Loss loss = sample_.loss.plain();
    const Truth& truth = sample_.images.truth;
    const auto outputs = heads_.fit(weight_decay);
    answers_[weight_decay] = outputs;
    return {weight_decay, loss.sum(outputs, truth).item<double>() / static_cast<double>(images()),
            estimate_score(loss.objective, loss.target_scaling.in_units(outputs), truth)};
  }

 private:
  /// Returns whether the search should go on in the same direction: the loss falls and rises again
  /// with the decay, and once it rises, it does so for good.
  bool try_decay(std::size_t position) {
    if (!scores_.empty() && problem_.time_limit.is_up()) return false;
    scores_.push_back(score(candidates_[position]));
    const bool is_better = !(scores_.back().loss >= last_loss_);
    last_loss_ = scores_.back().loss;
    return is_better;
  }

  WeightDecayChoice choice() const {
    const WeightDecayScore& chosen = strongest_of_the_best(scores_);
    const auto part =
        static_cast<double>(images()) / static_cast<double>(problem_.train.valid_rows());
    return {chosen.weight_decay * part, chosen.score, scores_,
            {answers_.at(chosen.weight_decay), sample_.images.truth}};
  }

  const HeadProblem& problem_;
  FoldedSample sample_;
  FoldHeads heads_;
  std::vector<double> candidates_;
  std::vector<WeightDecayScore> scores_;
  /// The heads' outputs by weight decay.
  std::map<double, torch::Tensor> answers_;
  double last_loss_ = std::numeric_limits<double>::infinity();
};

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

WeightDecayChoice choose_weight_decay(const HeadProblem& problem, ScoredClasses scored) {
  DecaySearch search(problem, kMostCrossValidatedClasses);
  WeightDecayChoice choice = search.run();
  const bool leaves_classes_out = problem.loss.objective.targets() == TargetKind::kClass &&
                                  problem.classes > kMostCrossValidatedClasses;
  if (scored == ScoredClasses::kAll && leaves_classes_out) {
    DecaySearch all(problem, problem.classes);
    const auto images = static_cast<double>(problem.train.valid_rows());
    choice.score =
        all.score(choice.weight_decay * images / static_cast<double>(all.images())).score;
  }
  return choice;
}

}  // namespace transfer
