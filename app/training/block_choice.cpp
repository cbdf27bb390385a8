#include "app/training/block_choice.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "app/compute/device.h"
#include "app/compute/side_by_side.h"
#include "app/training/weight_decay_search.h"
#include "core/random.h"
#include "models/probed_stages.h"

namespace transfer {
namespace {

/// Images that the sets of blocks are compared on: eigenvectors of as many rows are found for each.
constexpr std::int64_t kMostCompared = 1000;
/// Classes of these images: the time of a fit grows with their number.
constexpr std::int64_t kMostComparedClasses = 40;
/// Smaller weights are not worth the features that they need.
constexpr double kLeastWeight = 0.02;
/// Weaker axes than this part of the strongest are rounding errors.
constexpr double kWeakestAxis = 1e-10;

/// The training images that are compared, and the products of their scaled rows within each block.
struct ComparedImages {
  FeatureSet images;
  std::int64_t classes = 0;
  std::vector<torch::Tensor> products;  ///< [n,n] float64 by block
};

/// Labels [N] of a part of the classes, drawn at random and numbered anew; −1 for all others.
torch::Tensor labels_of_some(const torch::Tensor& labels, std::int64_t classes, Random& random) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(classes));
  std::iota(numbers.begin(), numbers.end(), 0);
  random.shuffle(numbers);
  for (std::int64_t& number : numbers) {
    if (number >= kMostComparedClasses) number = -1;
  }
  const auto renumbered =
      torch::tensor(numbers, torch::kInt64).index_select(0, labels.clamp_min(0));
  return torch::where(labels.ge(0), renumbered, labels);
}

std::vector<std::int64_t> rows_to_compare(const torch::Tensor& labels, Random& random) {
  const auto counted = labels.ge(0).nonzero().flatten();
  std::vector<std::int64_t> rows(counted.data_ptr<std::int64_t>(),
                                 counted.data_ptr<std::int64_t>() + counted.numel());
  if (rows.size() > kMostCompared) {
    random.shuffle(rows);
    rows.resize(kMostCompared);
    std::sort(rows.begin(), rows.end());
  }
  return rows;
}

ComparedImages compared_images(const HeadProblem& problem,
                               const std::vector<std::int64_t>& widths) {
  Random random(mix_seed({problem.seed, 0xB10C}));
  const FeatureSet& train = problem.train;
  const bool has_classes = problem.loss.objective.targets() == TargetKind::kClass;
  const bool leaves_some_out = has_classes && problem.classes > kMostComparedClasses;
  const auto labels = leaves_some_out ? labels_of_some(train.labels, problem.classes, random)
                                      : train.labels.contiguous();
  const auto rows = rows_to_compare(labels, random);
  const auto index = torch::tensor(rows, torch::kInt64);
  ComparedImages compared;
  compared.classes = leaves_some_out ? kMostComparedClasses : problem.classes;
  compared.images.labels = labels.index_select(0, index);
  if (train.targets.defined()) compared.images.targets = train.targets.index_select(0, index);
  for (const std::int64_t row : rows) {
    compared.images.samples.push_back(train.samples[static_cast<std::size_t>(row)]);
  }
  const auto features = problem.scaling.apply(train.views.front().gather(rows));
  std::int64_t first = 0;
  for (const std::int64_t width : widths) {
    const auto block = features.narrow(1, first, width).contiguous();
    compared.products.push_back(block.matmul(block.t()).to(torch::kFloat64));
    first += width;
  }
  return compared;
}

/// Rows whose products are these, [n,R]: a linear head with an L2 penalty depends on nothing else.
torch::Tensor rows_with_products(const torch::Tensor& products) {
  const auto [values, vectors] = torch::linalg_eigh(products);
  const auto kept = values.gt(kWeakestAxis * values[-1]).nonzero().flatten();
  return (vectors.index_select(1, kept) * values.index_select(0, kept).sqrt()).to(torch::kFloat32);
}

void score_candidate(const HeadProblem& problem, const ComparedImages& compared,
                     const std::vector<std::int64_t>& widths, ScoredBlocks& candidate) {
  auto products = torch::zeros_like(compared.products.front());
  std::int64_t columns = 0;
  for (const std::size_t block : candidate.blocks) {
    products += compared.products[block];
    columns += widths[block];
  }
  // As measure_block_scaling() scales these blocks alone.
  const auto total = std::accumulate(widths.begin(), widths.end(), std::int64_t{0});
  const double share =
      static_cast<double>(columns * static_cast<std::int64_t>(widths.size())) /
      static_cast<double>(total * static_cast<std::int64_t>(candidate.blocks.size()));
  const auto rows = rows_with_products(products * share);
  FeatureSet set = compared.images;
  set.views.push_back(FeatureTable::in_memory(rows.size(0), rows.size(1)));
  set.views.back().write(0, rows);
  HeadProblem part{
      set, set, compared.classes, {torch::zeros({rows.size(1)}), torch::ones({rows.size(1)})}};
  part.loss = problem.loss.plain();
  part.seed = problem.seed;
  part.device = problem.device;
  WeightDecayChoice choice = choose_weight_decay(part);
  candidate.loss = strongest_of_the_best(choice.scores).loss;
  candidate.score = choice.score;
  candidate.images = rows.size(0);
  candidate.answers = std::move(choice.answers);
  if (compared.classes < problem.classes) return;
  candidate.weight_decay = choice.weight_decay * static_cast<double>(candidate.images) /
                           static_cast<double>(problem.train.valid_rows());
}

/// Positions of the blocks of these poolings from stage `first` on.
std::vector<std::size_t> blocks_from(const std::vector<FeatureBlock>& blocks,
                                     const std::vector<std::string>& stages, std::size_t first,
                                     std::size_t poolings) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto stage = std::find(stages.begin(), stages.end(), blocks[i].stage) - stages.begin();
    if (static_cast<std::size_t>(stage) < first) continue;
    if (static_cast<std::size_t>(blocks[i].pooling) < poolings) chosen.push_back(i);
  }
  return chosen;
}

}  // namespace

std::vector<ScoredBlocks> block_candidates(const std::vector<FeatureBlock>& blocks) {
  std::vector<ScoredBlocks> candidates;
  std::vector<std::string> stages;
  for (std::size_t i = blocks.size(); i-- > 0;) {
    if (blocks[i].pooling == Pooling::kMean) {
      candidates.push_back({stage_title(blocks[i].stage), {i}});
    }
  }
  for (const FeatureBlock& block : blocks) {
    if (stages.empty() || stages.back() != block.stage) stages.push_back(block.stage);
  }
  constexpr std::array<const char*, 3> kTitles = {"means", "means and deviations",
                                                  "means, deviations and quarters"};
  for (const std::size_t first : {stages.size() / 2, stages.size() / 4, std::size_t{0}}) {
    for (std::size_t poolings = 1; poolings <= kTitles.size(); ++poolings) {
      ScoredBlocks candidate{fmt::format("{} from {} on", kTitles[poolings - 1], stages[first]),
                             blocks_from(blocks, stages, first, poolings)};
      const bool is_new =
          std::none_of(candidates.begin(), candidates.end(),
                       [&](const ScoredBlocks& other) { return other.blocks == candidate.blocks; });
      if (is_new) candidates.push_back(std::move(candidate));
    }
  }
  return candidates;
}

std::vector<ScoredBlocks> score_blocks(const HeadProblem& problem,
                                       const std::vector<FeatureBlock>& blocks,
                                       const std::vector<std::int64_t>& widths,
                                       std::int64_t threads) {
  const ComparedImages compared = compared_images(problem, widths);
  std::vector<ScoredBlocks> candidates = block_candidates(blocks);
  run_side_by_side(static_cast<std::int64_t>(candidates.size()), threads, [&](std::int64_t i) {
    use_threads(1);
    score_candidate(problem, compared, widths, candidates[static_cast<std::size_t>(i)]);
  });
  return candidates;
}

void weigh(std::vector<ScoredBlocks>& sets, bool shares) {
  // NaN losses are never the smallest and get no weight.
  const auto best =
      std::min_element(sets.begin(), sets.end(), [](const ScoredBlocks& a, const ScoredBlocks& b) {
        return a.loss < b.loss || (std::isnan(b.loss) && !std::isnan(a.loss));
      });
  double sum = 0;
  for (ScoredBlocks& set : sets) {
    set.weight = std::exp(static_cast<double>(set.images) * (best->loss - set.loss));
    if (!(set.weight >= kLeastWeight) || !shares) set.weight = 0;
    sum += set.weight;
  }
  if (!shares || sum == 0) {
    best->weight = 1;
    return;
  }
  for (ScoredBlocks& set : sets) set.weight /= sum;
}

torch::Tensor columns_of(const std::vector<std::size_t>& chosen,
                         const std::vector<std::int64_t>& widths) {
  std::vector<torch::Tensor> parts;
  for (const std::size_t block : chosen) {
    const auto first = std::accumulate(
        widths.begin(), widths.begin() + static_cast<std::ptrdiff_t>(block), std::int64_t{0});
    parts.push_back(torch::arange(first, first + widths[block], torch::kInt64));
  }
  return torch::cat(parts);
}

}  // namespace transfer
