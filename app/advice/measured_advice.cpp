#include "app/advice/measured_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/advice/command_text.h"
#include "app/advice/decision.h"
#include "app/advice/time_estimate.h"
#include "app/features/image_pass.h"
#include "app/runs/training_input_choice.h"
#include "configs/fields.h"
#include "core/errors.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// The user's sources with another strategy on top, which brings its own preset.
ConfigSources with_strategy(ConfigSources sources, const std::string& strategy) {
  if (sources.preset == kAutoStrategy) sources.preset.clear();
  sources.flags.emplace_back("strategy", strategy);
  return sources;
}

Config config_of(const ConfigSources& sources, const std::string& strategy) {
  return resolve_config(with_strategy(sources, strategy), strategy_names());
}

/// The cuts to probe: the early stages, the user's own, and the classifier's input.
std::vector<std::string> cuts_to_probe(const Preparation& p) {
  auto cuts = early_stages(p.backbone);
  const std::string& given = p.config.cut;
  if (!given.empty() && std::find(cuts.begin(), cuts.end(), given) == cuts.end()) {
    cuts.push_back(given);
  }
  cuts.emplace_back();
  return cuts;
}

std::vector<std::pair<std::string, std::int64_t>> images_per_class(const Preparation& p) {
  if (objective_of(p.config).targets() != TargetKind::kClass) return {};
  std::vector<std::pair<std::string, std::int64_t>> classes;
  for (const auto& name : p.dataset.classes) classes.emplace_back(name, 0);
  for (const Sample& sample : p.dataset.train) {
    ++classes[static_cast<std::size_t>(sample.label)].second;
  }
  return classes;
}

Evidence evidence_of(const Preparation& p, const StageProbing& probing) {
  Evidence evidence;
  evidence.train_images = static_cast<std::int64_t>(p.dataset.train.size());
  evidence.val_images = static_cast<std::int64_t>(p.dataset.val.size());
  evidence.test_images = static_cast<std::int64_t>(p.dataset.test.size());
  evidence.probed_images = probing.features.images.valid_rows();
  evidence.classes = images_per_class(p);
  evidence.score = estimated_score_name(objective_of(p.config));
  const auto& known = p.backbone.metadata().stages;
  const ProbedStage& last = probing.stages.back();
  for (std::size_t i = 0; i < probing.stages.size(); ++i) {
    const ProbedStage& probed = probing.stages[i];
    const auto lead = paired_difference(probed.score, last.score);
    const auto position = std::find(known.begin(), known.end(), probed.cut);
    StageEvidence stage;
    stage.stage = probed.cut;
    stage.position = position == known.end() ? 0 : position - known.begin() + 1;
    stage.features = probed.features;
    stage.score = probed.score.value;
    stage.standard_error = probed.score.standard_error;
    stage.lead = lead.value;
    stage.lead_error = lead.standard_error;
    stage.multiply_adds = probing.features.multiply_adds[i];
    stage.weight_decay = probed.weight_decay;
    stage.head_seconds = head_seconds(probed.seconds);
    evidence.stages.push_back(stage);
  }
  return evidence;
}

/// What the pass has shown.
MachineSpeed speed_of(const Preparation& p, const StageFeatures& features, double start) {
  const auto images = static_cast<std::int64_t>(features.images.samples.size());
  const auto streams =
      static_cast<double>(streams_of_pass(p.device, p.threads, images, kStoreBatch));
  const double forward = std::min(features.forward_seconds / streams, features.seconds);
  const auto count = static_cast<double>(std::max<std::int64_t>(images, 1));
  return {start, (features.seconds - forward) / count, forward / count};
}

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
      const Config config = config_of(sources, strategy.name);
      if (strategy.trunk_is_frozen) {
        estimates.push_back(on_frozen_layers(config, strategy.cut == Cut::kAtStage));
        continue;
      }
      const bool keeps = config.cache.activations && images_repeat(config.augment);
      estimates.push_back({strategy.name, "", training(config, config.train.freeze_stages, keeps)});
      const bool offers = decision_.freeze_stages > 0 && config.train.freeze_stages == 0 &&
                          strategy.name == "fine-tune";
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
  double share(const StageEvidence& stage) const {
    const auto whole = std::max<std::int64_t>(evidence_.stages.back().multiply_adds, 1);
    return static_cast<double>(stage.multiply_adds) / static_cast<double>(whole);
  }

  TimeEstimate on_frozen_layers(const Config& config, bool cuts) const {
    const auto& stages = evidence_.stages;
    const auto better = [](const StageEvidence& a, const StageEvidence& b) {
      return a.score < b.score;
    };
    auto stage = stages.end() - 1;
    if (cuts && config.cut.empty()) {
      stage = std::max_element(stages.begin(), stages.end() - 1, better);
    } else if (cuts) {
      stage = std::find_if(stages.begin(), stages.end(),
                           [&](const auto& probed) { return probed.stage == config.cut; });
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
    plan.fits_head_first = config.head.start == "fitted" && !config.train.from_scratch;
    plan.head_seconds = evidence_.stages.back().head_seconds;
    return estimate_seconds(speed_, images_, plan);
  }

  const Evidence& evidence_;
  const Decision& decision_;
  MachineSpeed speed_;
  ImageCounts images_;
};

std::vector<std::pair<std::string, std::string>> settings_of(Config config) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const Field& field : fields_of(config)) settings.emplace_back(field.key, field_text(field));
  return settings;
}

}  // namespace

Config resolve_for_advice(const ConfigSources& sources) {
  ConfigSources asked = sources;
  asked.flags.emplace_back("strategy", kAutoStrategy);
  Config config = resolve_config(asked, strategy_choices());
  if (config.strategy != kAutoStrategy) {
    throw ConfigError(
        fmt::format("backbone: '{}' has no pretrained stages to compare, so there is nothing to "
                    "advise. Expected "
                    "a pretrained network.",
                    config.backbone));
  }
  if (!config.cut.empty() && config.train.from_scratch) {
    throw ConfigError(fmt::format(
        "cut ('{}') and train.from_scratch exclude each other: the one asks for early-features, "
        "which keeps pretrained layers as they are, the other for retrain, which forgets them. "
        "Leave one out.",
        config.cut));
  }
  if (!config.cut.empty() && config.train.freeze_stages > 0) {
    throw ConfigError(fmt::format(
        "cut ('{}') and train.freeze_stages ({}) exclude each other: the one asks for "
        "early-features, the other for fine-tune or retrain behind frozen stages. Leave one out.",
        config.cut, config.train.freeze_stages));
  }
  return config;
}

MeasuredAdvice take_advice(const Preparation& p, const ConfigSources& sources,
                           const std::filesystem::path& feature_store,
                           const Stopwatch& since_start) {
  const Stopwatch stopwatch;
  MeasuredAdvice result;
  result.probing = probe_stages(p, cuts_to_probe(p), feature_store);
  Advice& advice = result.advice;
  advice.seconds_pass = result.probing.features.seconds;
  advice.seconds_probes = result.probing.seconds;
  const double start = since_start.seconds() - advice.seconds_pass - advice.seconds_probes;
  advice.evidence = evidence_of(p, result.probing);
  advice.decision = decide(advice.evidence, {p.config.cut, p.config.train.from_scratch});
  if (result.probing.features.forward_seconds > 0) {
    const MachineSpeed speed = speed_of(p, result.probing.features, start);
    advice.estimates = Estimates(advice.evidence, advice.decision, speed).all(sources);
  }
  result.config = config_of(sources, advice.decision.strategy);
  ConfigSources advised = with_strategy(sources, advice.decision.strategy);
  if (!advice.decision.cut.empty() && result.config.cut.empty()) {
    result.config.cut = advice.decision.cut;
    advised.flags.emplace_back("cut", advice.decision.cut);
  }
  advice.command = command_text(advised);
  advice.settings = settings_of(result.config);
  advice.seconds_total = stopwatch.seconds();
  return result;
}

}  // namespace transfer
