#include "app/advice/stage_probes.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/compute/device.h"
#include "app/compute/side_by_side.h"
#include "app/features/feature_store.h"
#include "app/training/block_choice.h"
#include "app/training/weight_decay_search.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/random.h"
#include "core/stopwatch.h"
#include "datasets/split.h"
#include "datasets/truth.h"
#include "models/probed_stages.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// Images of each class to probe at least, if there are as many: one per fold.
constexpr std::int64_t kLeastPerClass = 5;
/// With only one image, a class would be missing from the fit that predicts it.
constexpr std::int64_t kFewestPerClass = 2;
/// Makes the choice of images differ from other uses of the seed.
constexpr std::uint64_t kProbeSeed = 0x9B0;

struct RarestClass {
  std::string name;
  std::int64_t images = 0;
};

RarestClass rarest_class(const std::vector<std::string>& classes, const torch::Tensor& labels) {
  const auto counts =
      labels.masked_select(labels.ge(0)).bincount({}, static_cast<std::int64_t>(classes.size()));
  const auto rarest = counts.argmin().item<std::int64_t>();
  return {classes[static_cast<std::size_t>(rarest)], counts[rarest].item<std::int64_t>()};
}

/// Throws DataError if a class has too few images for the folds.
void require_enough(const RarestClass& rarest, const std::string& path) {
  if (rarest.images >= kFewestPerClass) return;
  throw DataError(fmt::format(
      "{}: the class '{}' has {} training {} that can be read, too few for cross-validation, which "
      "predicts each image by a fit without it. Expected at least {}: add images, or name the "
      "strategy (--strategy freeze-conv), for early-features also the stage (--cut).",
      path, rarest.name, rarest.images, rarest.images == 1 ? "image" : "images", kFewestPerClass));
}

/// The same for labels of images that are probed; warns of rough results.
void require_folds(const Preparation& p, const torch::Tensor& labels) {
  if (p.objective().targets() != TargetKind::kClass) return;
  const RarestClass rarest = rarest_class(p.dataset.classes, labels);
  require_enough(rarest, p.config.data.path);
  if (rarest.images < kLeastPerClass) {
    warn(
        "{} of the training images probed are of the class '{}', fewer than the {} "
        "folds of the cross-validation; its results for this class are rough.",
        rarest.images, rarest.name, kLeastPerClass);
  }
}

ProbedFeatures extract_blocks(const Preparation& p, const std::vector<FeatureBlock>& blocks,
                              const std::filesystem::path& feature_store) {
  const auto room = kMostCrossValidated / p.classes();
  const auto images = stratified_sample(
      p.dataset.train, kMostCrossValidated, std::clamp(room, kFewestPerClass, kLeastPerClass),
      mix_seed({static_cast<std::uint64_t>(p.config.seed), kProbeSeed}));
  require_folds(p, truth_of(images).labels);
  use_threads(1);  // one blank image, which shows the stages' shapes, is too little to share
  const FrozenTrunk trunk(p.backbone, blocks, p.device, p.config.compute.fusion);
  use_threads(p.threads);
  FeatureStore store(p.backbone, trunk, p.config, feature_store, p.device, p.threads);
  ProbedFeatures features;
  const Stopwatch pass;
  features.images = store.extract(images, "probe", 0);
  features.seconds = pass.seconds();
  features.forward_seconds = store.forward_seconds();
  features.blocks = trunk.blocks();
  features.widths = trunk.widths();
  features.multiply_adds = trunk.multiply_adds();
  if (!features.images.broken.empty()) require_folds(p, features.images.labels);
  return features;
}

StageProbe probe(const Preparation& p, const ProbedFeatures& features, std::size_t position) {
  const Stopwatch stopwatch;
  const FeatureBlock& block = features.blocks[position];
  const auto set = features.of({block});
  HeadProblem problem = head_problem(p.config, p.classes(), p.device, *set, *set);
  problem.loss = problem.loss.plain();
  const auto choice = choose_weight_decay(problem, ScoredClasses::kAll);
  StageProbe result{block.stage, features.widths[position], choice.weight_decay, choice.score,
                    stopwatch.seconds()};
  // Of a single cut nothing is known.
  if (!features.multiply_adds.empty()) result.multiply_adds = features.multiply_adds[position];
  return result;
}

std::vector<ScoredBlocks> compared_sets(const Preparation& p, const ProbedFeatures& features) {
  const HeadProblem problem = head_problem(p.config, p.classes(), p.device, features.images,
                                           features.images, features.widths);
  auto sets = score_blocks(problem, features.blocks, features.widths, p.threads);
  weigh(sets, /*shares=*/true);
  return sets;
}

void report(const StageProbe& probe, const Objective& objective) {
  const ScoreName score = estimated_score_name(objective);
  note("probe: {}: {} features, cross-validated {} {}", stage_title(probe.stage), probe.features,
       score.title, score.text(probe.score.value, probe.score.standard_error));
}

}  // namespace

std::optional<FeatureSet> ProbedFeatures::of(const std::vector<FeatureBlock>& wanted) const {
  std::vector<std::size_t> positions;
  for (const FeatureBlock& block : wanted) {
    const auto found = std::find(blocks.begin(), blocks.end(), block);
    if (found == blocks.end()) return std::nullopt;
    positions.push_back(static_cast<std::size_t>(found - blocks.begin()));
  }
  return with_columns(images, columns_of(positions, widths));
}

const StageProbe* StageProbes::find(const std::string& stage) const {
  const auto found = std::find_if(stages.begin(), stages.end(),
                                  [&](const StageProbe& probe) { return probe.stage == stage; });
  return found == stages.end() ? nullptr : &*found;
}

std::vector<std::string> early_stages(const Backbone& backbone) {
  std::vector<std::string> stages = probed_stages(backbone);
  if (stages.empty()) {
    throw ModelError(fmt::format(
        "{}: has fewer than two stages, so there is no early one to compare or to cut at. Expected "
        "a network of several stages; name the strategy, for early-features also a module with "
        "--cut.",
        backbone.file()));
  }
  return stages;
}

bool probes_stages(const Config& config) {
  if (config.strategy == kAutoStrategy) return true;
  return find_strategy(config.strategy).cut == Cut::kAtStage && config.cut.empty();
}

void require_probing(const Config& config, const Backbone& backbone, const Dataset& dataset) {
  early_stages(backbone);
  if (objective_of(config).targets() != TargetKind::kClass) return;
  require_enough(rarest_class(dataset.classes, truth_of(dataset.train).labels), config.data.path);
}

StageProbes probe_stages(const Preparation& p, const std::vector<std::string>& stages,
                         const std::filesystem::path& feature_store) {
  return probe_blocks(p, means_of(stages), feature_store);
}

StageProbes probe_blocks(const Preparation& p, const std::vector<FeatureBlock>& blocks,
                         const std::filesystem::path& feature_store) {
  StageProbes probes;
  probes.features = extract_blocks(p, blocks, feature_store);
  if (!p.group->is_rank0()) return probes;
  std::vector<std::size_t> means;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].pooling == Pooling::kMean) means.push_back(i);
  }
  probes.stages.resize(means.size());
  const Stopwatch stopwatch;
  run_side_by_side(static_cast<std::int64_t>(means.size()), p.threads, [&](std::int64_t stage) {
    use_threads(1);
    const auto position = static_cast<std::size_t>(stage);
    probes.stages[position] = probe(p, probes.features, means[position]);
  });
  if (means.size() < blocks.size()) probes.block_sets = compared_sets(p, probes.features);
  probes.seconds = stopwatch.seconds();
  for (const StageProbe& probe : probes.stages) report(probe, p.objective());
  return probes;
}

BlockWeights weights_by_kind(const std::vector<ScoredBlocks>& sets,
                             const std::vector<FeatureBlock>& blocks) {
  BlockWeights weights;
  for (const ScoredBlocks& set : sets) {
    double& weight = set.blocks.size() > 1                      ? weights.several
                     : blocks[set.blocks.front()].stage.empty() ? weights.last
                                                                : weights.early;
    weight = std::max(weight, set.weight);
  }
  return weights;
}

const StageProbe& best_probe(const std::vector<StageProbe>& probes) {
  return *std::max_element(
      probes.begin(), probes.end(),
      [](const StageProbe& a, const StageProbe& b) { return a.score.value < b.score.value; });
}

double chosen_weight_decay(const HeadProblem& problem, const StageProbes& known,
                           const std::string& stage) {
  const bool is_plain = problem.loss.label_smoothing == 0 && !problem.loss.class_weights.defined();
  const bool same_images = known.features.images.samples.size() == problem.train.samples.size();
  const StageProbe* probe = known.find(stage);
  if (is_plain && same_images && probe != nullptr) return probe->weight_decay;
  return choose_weight_decay(problem).weight_decay;
}

}  // namespace transfer
