#include "app/check/label_errors.h"

#include <torch/torch.h>

#include <algorithm>
#include <numeric>

#include "app/training/fold_heads.h"
#include "app/training/principal_axes.h"
#include "app/training/weight_decay_search.h"
#include "core/messages.h"
#include "core/random.h"
#include "datasets/group_split.h"

namespace transfer {
namespace {

constexpr std::int64_t kFolds = 5;
constexpr std::int64_t kMostTogether = 20'000;
constexpr std::int64_t kFewestImages = 20;
/// A class of fewer images is hardly known to any head.
constexpr std::int64_t kFewestOfClass = 5;
/// An image is doubted too where its own class has less than this part of the probability that
/// images of the class usually give it. bench/data_check_vs_cleanlab.py prints what that finds.
constexpr double kImprobable = 0.2;

std::vector<std::int64_t> shuffled_positions(std::int64_t count, std::uint64_t seed) {
  std::vector<std::int64_t> positions(static_cast<std::size_t>(count));
  std::iota(positions.begin(), positions.end(), 0);
  Random random(mix_seed({seed, 0xC0F1}));
  random.shuffle(positions);
  return positions;
}

/// The images that can be read, along the axes on which they vary.
struct CheckedFeatures {
  std::vector<std::int64_t> rows;
  torch::Tensor features;  ///< [n,R], on the problem's device
  torch::Tensor labels;    ///< [n]
  std::vector<Sample> samples;
};

CheckedFeatures readable_features(const HeadProblem& problem) {
  const FeatureSet& set = problem.train;
  CheckedFeatures result;
  const auto counted = set.truth().counted();
  const auto* const positions = counted.const_data_ptr<std::int64_t>();
  result.rows.assign(positions, positions + counted.size(0));
  result.labels = set.labels.index_select(0, counted);
  for (const std::int64_t row : result.rows) {
    result.samples.push_back(set.samples[static_cast<std::size_t>(row)]);
  }
  const auto features =
      problem.scaling.apply(set.views.front().gather(result.rows)).to(problem.device);
  const auto axes = principal_axes(
      features.size(0), features.size(1),
      [&](std::int64_t first, std::int64_t count) { return features.narrow(0, first, count); });
  constexpr double kHeld = 0.999;
  result.features = axes ? features.matmul(axes->strongest(kHeld).basis) : features;
  return result;
}

/// The mean probability that images labelled so give each class [C]; 2, which no probability
/// reaches, for a class without images.
torch::Tensor class_confidences(const torch::Tensor& probabilities, const torch::Tensor& labels) {
  const std::int64_t classes = probabilities.size(1);
  auto means = torch::full({classes}, 2.0);
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto own = labels.eq(c);
    if (own.any().item<bool>()) means[c] = probabilities.select(1, c).masked_select(own).mean();
  }
  return means;
}

/// The probability that each image gives its own class, [n].
torch::Tensor own_probabilities(const torch::Tensor& probabilities, const torch::Tensor& labels) {
  return probabilities.gather(1, labels.unsqueeze(1)).squeeze(1);
}

/// Images that show another class by confident_classes(), or give their own one far less than
/// others of it do, [n].
torch::Tensor is_doubtful(const torch::Tensor& probabilities, const torch::Tensor& labels) {
  const auto usual = class_confidences(probabilities, labels).index_select(0, labels);
  return confident_classes(probabilities, labels)
      .ge(0)
      .logical_or(own_probabilities(probabilities, labels).lt(kImprobable * usual));
}

/// Whether the classes have enough images for a doubt, [n].
torch::Tensor is_known_class(const torch::Tensor& labels, std::int64_t classes) {
  const auto counts = torch::bincount(labels, {}, classes);
  return counts.index_select(0, labels).ge(kFewestOfClass);
}

}  // namespace

torch::Tensor unseen_probabilities(const HeadProblem& problem, const torch::Tensor& features,
                                   const torch::Tensor& labels, const std::vector<Sample>& samples,
                                   double weight_decay) {
  constexpr double kTolerance = 1e-6;
  const std::int64_t images = features.size(0);
  const std::int64_t parts = (images + kMostTogether - 1) / kMostTogether;
  const auto order = shuffled_positions(images, problem.seed);
  auto probabilities = torch::empty({images, problem.classes});
  const Loss loss = problem.loss.plain();
  for (std::int64_t part = 0; part < parts; ++part) {
    std::vector<std::int64_t> rows;
    for (std::size_t i = static_cast<std::size_t>(part); i < order.size();
         i += static_cast<std::size_t>(parts)) {
      rows.push_back(order[i]);
    }
    std::sort(rows.begin(), rows.end());
    std::vector<Sample> own;
    for (const std::int64_t row : rows) own.push_back(samples[static_cast<std::size_t>(row)]);
    const auto folds = deal_groups(own, kFolds, problem.seed);
    const auto positions = torch::tensor(rows, torch::kInt64);
    const FoldedImages folded{features.index_select(0, positions.to(features.device())),
                              Truth{labels.index_select(0, positions)}.to(problem.device),
                              torch::tensor(folds, torch::kInt64).to(problem.device), kFolds};
    FoldHeads heads(loss, folded, problem.classes, kTolerance);
    const auto found = heads.fit(weight_decay).softmax(1).cpu();
    probabilities.index_copy_(0, positions, found);
  }
  return probabilities;
}

torch::Tensor confident_classes(const torch::Tensor& probabilities, const torch::Tensor& labels) {
  const auto thresholds = class_confidences(probabilities, labels);
  const auto confident = probabilities.ge(thresholds);
  const auto best = probabilities.masked_fill(confident.logical_not(), -1).argmax(1);
  const auto is_doubt = confident.any(1).logical_and(best.ne(labels)).logical_and(labels.ge(0));
  return torch::where(is_doubt, best, torch::full_like(best, -1));
}

std::vector<Finding> label_errors(const HeadProblem& given) {
  const torch::NoGradGuard no_gradients;
  if (given.train.valid_rows() < kFewestImages) return {};
  const double decay = choose_weight_decay(given).weight_decay;
  note_detail("label errors: weight decay {:.3g}", decay);
  const CheckedFeatures set = readable_features(given);
  const auto known = is_known_class(set.labels, given.classes);
  const auto first = unseen_probabilities(given, set.features, set.labels, set.samples, decay);
  const auto doubted = is_doubtful(first, set.labels).logical_and(known);
  const auto probabilities = unseen_probabilities(
      given, set.features, set.labels.masked_fill(doubted, -1), set.samples, decay);
  const auto own = own_probabilities(probabilities, set.labels).contiguous();
  const auto others =
      probabilities.scatter(1, set.labels.unsqueeze(1), -1.0).argmax(1).contiguous();
  const auto is_error = is_doubtful(probabilities, set.labels).logical_and(known).contiguous();
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < set.rows.size(); ++i) {
    if (!is_error.const_data_ptr<bool>()[i]) continue;
    findings.push_back({Fault::kLabelError, static_cast<std::size_t>(set.rows[i]), std::nullopt,
                        1.0 - own.const_data_ptr<float>()[i],
                        others.const_data_ptr<std::int64_t>()[i]});
  }
  return findings;
}

}  // namespace transfer
