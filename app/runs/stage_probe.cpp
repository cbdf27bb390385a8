#include "app/runs/stage_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/compute/device.h"
#include "app/features/feature_store.h"
#include "app/runs/head_problem.h"
#include "app/training/weight_decay_search.h"
#include "core/errors.h"
#include "core/random.h"
#include "datasets/split.h"

namespace transfer {
namespace {

constexpr std::int64_t kMostPictures = 2000;
/// Keeps the choice of pictures apart from other uses of the seed.
constexpr std::uint64_t kProbeSeed = 0x9B0;

/// One stage's columns of the features of all stages.
FeatureSet columns_of(const FeatureSet& all, std::int64_t first, std::int64_t width) {
  FeatureSet set;
  set.labels = all.labels;
  set.targets = all.targets;
  set.samples = all.samples;
  const FeatureTable& table = all.views.front();
  set.views.push_back(FeatureTable::in_memory(table.rows(), width));
  set.views.back().write(0, table.read(0, table.rows()).narrow(1, first, width));
  return set;
}

/// How many groups limit_per_class() sees: classes, or one where pictures have no one class.
std::int64_t group_count(const Preparation& p) {
  std::int64_t last = 0;
  for (const Sample& sample : p.dataset.train) last = std::max(last, sample.label);
  return last + 1;
}

StageProbe probe(const Preparation& p, const std::string& stage, const FeatureSet& set) {
  HeadProblem problem = head_problem(p, set, set);
  problem.loss = problem.loss.plain();
  const auto choice = choose_weight_decay(problem);
  const auto chosen = std::find_if(
      choice.scores.begin(), choice.scores.end(),
      [&](const WeightDecayScore& score) { return score.weight_decay == choice.weight_decay; });
  return {stage, chosen->score.value, chosen->score.standard_error};
}

}  // namespace

std::vector<StageProbe> probe_stages(const Preparation& p,
                                     const std::filesystem::path& feature_store) {
  std::vector<std::string> stages = p.backbone.metadata().stages;
  if (stages.size() < 2) {
    throw ModelError(
        fmt::format("{}: has fewer than two stages, so there is no early one to cut at. Expected a "
                    "network of several stages; name a module with --cut.",
                    p.backbone.file()));
  }
  stages.pop_back();
  const auto pictures =
      limit_per_class(p.dataset.train, std::max<std::int64_t>(kMostPictures / group_count(p), 5),
                      mix_seed({static_cast<std::uint64_t>(p.config.seed), kProbeSeed}));
  const FrozenTrunk trunk(p.backbone, stages, p.device);
  FeatureStore store(p.backbone, trunk, p.config, feature_store, p.device, p.threads);
  const FeatureSet all = store.extract(pictures, "probe", 0);
  use_threads_for(0, p.threads);
  std::vector<StageProbe> probes;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const std::int64_t width = trunk.widths()[i];
    probes.push_back(probe(p, stages[i], columns_of(all, first, width)));
    first += width;
    fmt::print(stderr, "probe: {}: {} features, cross-validated {} {:.2f} % (± {:.2f})\n",
               stages[i], width, estimated_score_name(objective_of(p.config)).title,
               100 * probes.back().score, 100 * probes.back().standard_error);
  }
  fmt::print(stderr, "cut at {}\n", best_probe(probes).stage);
  return probes;
}

const StageProbe& best_probe(const std::vector<StageProbe>& probes) {
  return *std::max_element(
      probes.begin(), probes.end(),
      [](const StageProbe& a, const StageProbe& b) { return a.score < b.score; });
}

}  // namespace transfer
