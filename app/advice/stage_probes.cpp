#include "app/advice/stage_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/compute/device.h"
#include "app/compute/side_by_side.h"
#include "app/features/feature_store.h"
#include "app/runs/head_problem.h"
#include "app/training/weight_decay_search.h"
#include "core/errors.h"
#include "core/random.h"
#include "core/stopwatch.h"
#include "datasets/split.h"
#include "datasets/truth.h"
#include "models/probed_stages.h"

namespace transfer {
namespace {

/// Images of each class that are probed at least, where there are so many: one a fold.
constexpr std::int64_t kLeastPerClass = 5;
/// Without a second image a class is missing from the fit that its only one is held against.
constexpr std::int64_t kFewestPerClass = 2;
/// Keeps the choice of images apart from other uses of the seed.
constexpr std::uint64_t kProbeSeed = 0x9B0;

/// Throws DataError where a class has too few images for the folds.
void require_folds(const Preparation& p, const torch::Tensor& labels) {
  if (objective_of(p.config).targets() != TargetKind::kClass) return;
  const auto counts = labels.masked_select(labels.ge(0))
                          .bincount({}, static_cast<std::int64_t>(p.dataset.classes.size()));
  const std::int64_t least = counts.min().item<std::int64_t>();
  const auto& name =
      p.dataset.classes[static_cast<std::size_t>(counts.argmin().item<std::int64_t>())];
  if (least < kFewestPerClass) {
    throw DataError(fmt::format(
        "{}: the class '{}' has {} training images that can be read, too few for "
        "cross-validation, which fits without an image and then asks for it. Expected at least "
        "{}: add images, or name the strategy (--strategy freeze-conv), for early-features also "
        "the stage (--cut).",
        p.config.data.path, name, least, kFewestPerClass));
  }
  if (least < kLeastPerClass) {
    fmt::print(stderr,
               "warning: {} of the training images probed are of the class '{}', fewer than the {} "
               "folds of the cross-validation; what it says of this class is a rough guess.\n",
               least, name, kLeastPerClass);
  }
}

StageFeatures extract_stages(const Preparation& p, std::vector<std::string> cuts,
                             const std::filesystem::path& feature_store) {
  const auto room = kMostCrossValidated / static_cast<std::int64_t>(p.dataset.classes.size());
  const auto images = stratified_sample(
      p.dataset.train, kMostCrossValidated, std::clamp(room, kFewestPerClass, kLeastPerClass),
      mix_seed({static_cast<std::uint64_t>(p.config.seed), kProbeSeed}));
  require_folds(p, truth_of(images).labels);
  use_threads(1);  // one blank image, which shows the stages' shapes, is too little to share
  const FrozenTrunk trunk(p.backbone, cuts, p.device);
  use_threads(p.threads);
  FeatureStore store(p.backbone, trunk, p.config, feature_store, p.device, p.threads);
  StageFeatures features;
  const Stopwatch pass;
  features.images = store.extract(images, "probe", 0);
  features.seconds = pass.seconds();
  features.forward_seconds = store.forward_seconds();
  features.cuts = std::move(cuts);
  features.widths = trunk.widths();
  features.multiply_adds = trunk.multiply_adds();
  if (!features.images.broken.empty()) require_folds(p, features.images.labels);
  return features;
}

ProbedStage probe(const Preparation& p, const StageFeatures& features, std::size_t position) {
  const Stopwatch stopwatch;
  const auto set = features.at(features.cuts[position]);
  HeadProblem problem = head_problem(p, *set, *set);
  problem.loss = problem.loss.plain();
  const auto choice = choose_weight_decay(problem);
  return {features.cuts[position], features.widths[position], choice.weight_decay, choice.score,
          stopwatch.seconds()};
}

void report(const ProbedStage& stage, const Preparation& p) {
  const ScoreName score = estimated_score_name(objective_of(p.config));
  fmt::print(stderr, "probe: {}: {} features, cross-validated {} {}\n",
             stage.cut.empty() ? "penultimate" : stage.cut, stage.features, score.title,
             score.text(stage.score.value, stage.score.standard_error));
}

}  // namespace

std::optional<FeatureSet> StageFeatures::at(const std::string& cut) const {
  const auto found = std::find(cuts.begin(), cuts.end(), cut);
  if (found == cuts.end()) return std::nullopt;
  const auto position = found - cuts.begin();
  std::int64_t first = 0;
  for (std::ptrdiff_t i = 0; i < position; ++i) first += widths[static_cast<std::size_t>(i)];
  const std::int64_t width = widths[static_cast<std::size_t>(position)];
  FeatureSet set;
  set.labels = images.labels;
  set.targets = images.targets;
  set.samples = images.samples;
  set.broken = images.broken;
  const FeatureTable& table = images.views.front();
  set.views.push_back(FeatureTable::in_memory(table.rows(), width));
  set.views.back().write(0, table.read(0, table.rows()).narrow(1, first, width));
  return set;
}

const ProbedStage* StageProbing::find(const std::string& cut) const {
  const auto found = std::find_if(stages.begin(), stages.end(),
                                  [&](const ProbedStage& stage) { return stage.cut == cut; });
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

StageProbing probe_stages(const Preparation& p, std::vector<std::string> cuts,
                          const std::filesystem::path& feature_store) {
  StageProbing probing;
  probing.features = extract_stages(p, std::move(cuts), feature_store);
  if (!p.group->is_first()) return probing;
  probing.stages.resize(probing.features.cuts.size());
  const Stopwatch stopwatch;
  run_side_by_side(static_cast<std::int64_t>(probing.stages.size()), p.threads,
                   [&](std::int64_t stage) {
                     use_threads(1);
                     const auto position = static_cast<std::size_t>(stage);
                     probing.stages[position] = probe(p, probing.features, position);
                   });
  probing.seconds = stopwatch.seconds();
  for (const ProbedStage& stage : probing.stages) report(stage, p);
  return probing;
}

const ProbedStage& best_probe(const std::vector<ProbedStage>& probes) {
  return *std::max_element(
      probes.begin(), probes.end(),
      [](const ProbedStage& a, const ProbedStage& b) { return a.score.value < b.score.value; });
}

std::vector<StageProbe> in_summary(const std::vector<ProbedStage>& probes) {
  std::vector<StageProbe> result;
  result.reserve(probes.size());
  for (const ProbedStage& probe : probes) {
    result.push_back({probe.cut, probe.score.value, probe.score.standard_error});
  }
  return result;
}

}  // namespace transfer
