#include "app/advice/strategy_times.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "app/advice/advised_config.h"
#include "app/training/training_batches.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// Times of every strategy with the user's settings.
class Estimates {
 public:
  Estimates(const Evidence& evidence, const Decision& decision, const MachineSpeed& speed)
      : evidence_(evidence),
        decision_(decision),
        speed_(speed),
        images_{evidence.train_images, evidence.val_images, evidence.test_images} {}

  std::vector<TimeEstimate> all(const ConfigSources& sources) const {
    std::vector<TimeEstimate> estimates;
    for (const Strategy& strategy : list_strategies()) {
      const Config config = config_with_strategy(sources, strategy.name);
      if (strategy.trunk_is_frozen) {
        estimates.push_back(on_frozen_layers(config, strategy.cut == Cut::kAtStage));
        continue;
      }
      const bool keeps = config.cache.activations && images_repeat(config.augment);
      estimates.push_back({strategy.name, "", training(config, config.train.freeze_stages, keeps)});
      const bool offers = decision_.freeze_stages > 0 && config.train.freeze_stages == 0 &&
                          strategy.kind == StrategyKind::kFineTune;
      if (!offers) continue;
      // Without augmentation the frozen stages' output is kept.
      estimates.push_back(
          {strategy.name,
           fmt::format("train.freeze_stages={} augment.preset=none", decision_.freeze_stages),
           training(config, decision_.freeze_stages, true)});
    }
    return estimates;
  }

 private:
  double share(const Evidence::Stage& stage) const {
    const auto whole = std::max<std::int64_t>(evidence_.stages.back().multiply_adds, 1);
    return static_cast<double>(stage.multiply_adds) / static_cast<double>(whole);
  }

  TimeEstimate on_frozen_layers(const Config& config, bool cuts) const {
    const auto& stages = evidence_.stages;
    const Evidence::Stage* stage = &stages.back();
    if (cuts && config.cut.empty()) {
      stage = &best_stage(std::span(stages).first(stages.size() - 1));
    } else if (cuts) {
      stage = &*std::find_if(stages.begin(), stages.end(), [&](const Evidence::Stage& probed) {
        return probed.stage == config.cut;
      });
    }
    const FrozenPlan plan{share(*stage), config.augment.views, stage->head_seconds};
    return {config.strategy, cuts ? "cut=" + stage->stage : "",
            estimate_seconds(speed_, images_, plan)};
  }

  double training(const Config& config, std::int64_t frozen, bool keeps_activations) const {
    TrainingPlan plan;
    plan.epochs = config.train.epochs;
    for (const auto& stage : evidence_.stages) {
      const bool is_frozen = stage.position > 0 && stage.position <= frozen;
      if (is_frozen) plan.frozen_share = std::max(plan.frozen_share, share(stage));
    }
    plan.keeps_activations = keeps_activations && plan.frozen_share > 0;
    plan.views = config.augment.views;
    plan.fits_head_first = config.head.start == HeadStart::kFitted && !config.train.from_scratch;
    plan.head_seconds = evidence_.stages.back().head_seconds;
    return estimate_seconds(speed_, images_, plan);
  }

  const Evidence& evidence_;
  const Decision& decision_;
  MachineSpeed speed_;
  ImageCounts images_;
};

}  // namespace

std::vector<TimeEstimate> estimate_strategies(const ConfigSources& sources,
                                              const Evidence& evidence, const Decision& decision,
                                              const MachineSpeed& speed) {
  return Estimates(evidence, decision, speed).all(sources);
}

}  // namespace transfer
