#include "app/advice/evidence.h"

#include <algorithm>

#include "app/advice/time_estimate.h"

namespace transfer {
namespace {

std::vector<std::pair<std::string, std::int64_t>> images_per_class(const Dataset& dataset,
                                                                   const Objective& objective) {
  if (objective.targets() != TargetKind::kClass) return {};
  std::vector<std::pair<std::string, std::int64_t>> classes;
  for (const auto& name : dataset.classes) classes.emplace_back(name, 0);
  for (const Sample& sample : dataset.train) {
    ++classes[static_cast<std::size_t>(sample.label)].second;
  }
  return classes;
}

}  // namespace

Evidence evidence_of(const StageProbes& probes, const Dataset& dataset, const Backbone& backbone,
                     const Objective& objective) {
  Evidence evidence;
  evidence.train_images = static_cast<std::int64_t>(dataset.train.size());
  evidence.val_images = static_cast<std::int64_t>(dataset.val.size());
  evidence.test_images = static_cast<std::int64_t>(dataset.test.size());
  evidence.probed_images = probes.features.images.valid_rows();
  evidence.classes = images_per_class(dataset, objective);
  evidence.score = estimated_score_name(objective);
  const auto& known = backbone.metadata().stages;
  const StageProbe& last = probes.stages.back();
  for (std::size_t i = 0; i < probes.stages.size(); ++i) {
    const StageProbe& probe = probes.stages[i];
    const auto lead = paired_difference(probe.score, last.score);
    const auto position = std::find(known.begin(), known.end(), probe.stage);
    Evidence::Stage stage;
    stage.stage = probe.stage;
    stage.position = position == known.end() ? 0 : position - known.begin() + 1;
    stage.features = probe.features;
    stage.score = probe.score.value;
    stage.standard_error = probe.score.standard_error;
    stage.lead = lead.value;
    stage.lead_error = lead.standard_error;
    stage.multiply_adds = probe.multiply_adds;
    stage.weight_decay = probe.weight_decay;
    stage.head_seconds = head_seconds(probe.seconds);
    evidence.stages.push_back(stage);
  }
  if (probes.block_sets.empty()) return evidence;
  const auto weights = weights_by_kind(probes.block_sets, probes.features.blocks);
  const ScoredBlocks* best = nullptr;
  for (const ScoredBlocks& set : probes.block_sets) {
    if (set.blocks.size() > 1 && (best == nullptr || set.loss < best->loss)) best = &set;
  }
  if (best == nullptr) return evidence;
  evidence.several =
      Evidence::SeveralStages{best->title, best->score.value, best->score.standard_error, weights};
  return evidence;
}

const Evidence::Stage& best_stage(std::span<const Evidence::Stage> stages) {
  return *std::max_element(
      stages.begin(), stages.end(),
      [](const Evidence::Stage& a, const Evidence::Stage& b) { return a.score < b.score; });
}

}  // namespace transfer
