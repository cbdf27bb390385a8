#include "app/advice/measured_advice.h"

#include <algorithm>
#include <utility>

#include "app/advice/advised_config.h"
#include "app/advice/command_text.h"
#include "app/advice/crop_advice.h"
#include "app/advice/time_estimate.h"
#include "app/features/image_pass.h"
#include "configs/fields.h"
#include "core/messages.h"

namespace transfer {
namespace {

/// The blocks to probe: those of all stages, the user's own cut, and the classifier's input.
std::vector<FeatureBlock> blocks_to_probe(const Preparation& p) {
  early_stages(p.backbone);  // throws where there is nothing to compare
  auto blocks = blocks_of_all_stages(p.backbone);
  const FeatureBlock given{p.config.cut};
  if (std::find(blocks.begin(), blocks.end(), given) == blocks.end()) {
    blocks.insert(blocks.end() - 1, given);
  }
  return blocks;
}

/// The speed that the pass has shown.
MachineSpeed speed_of(const Preparation& p, const ProbedFeatures& features, double start) {
  const auto images = static_cast<std::int64_t>(features.images.samples.size());
  const auto streams =
      static_cast<double>(streams_of_pass(p.device, p.threads, images, store_batch(p.device)));
  const double forward = std::min(features.forward_seconds / streams, features.seconds);
  const auto count = static_cast<double>(std::max<std::int64_t>(images, 1));
  return {start, (features.seconds - forward) / count, forward / count};
}

std::vector<std::pair<std::string, std::string>> settings_of(Config config) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const Field& field : fields_of(config)) settings.emplace_back(field.key, field_text(field));
  return settings;
}

}  // namespace

MeasuredAdvice take_advice(const Preparation& p, const ConfigSources& sources,
                           const std::filesystem::path& feature_store,
                           const Stopwatch& since_start) {
  const Stopwatch stopwatch;
  MeasuredAdvice result;
  if (const auto text = crop_advice(p); !text.empty()) {
    note("{}", text);
  }
  result.probes = probe_blocks(p, blocks_to_probe(p), feature_store);
  Advice& advice = result.advice;
  advice.seconds_pass = result.probes.features.seconds;
  advice.seconds_probes = result.probes.seconds;
  const double start = since_start.seconds() - advice.seconds_pass - advice.seconds_probes;
  advice.evidence = evidence_of(result.probes, p.dataset, p.backbone, p.objective());
  advice.decision = decide(advice.evidence, {p.config.cut, p.config.train.from_scratch,
                                             p.config.quality == Quality::kFast});
  if (result.probes.features.forward_seconds > 0) {
    const MachineSpeed speed = speed_of(p, result.probes.features, start);
    advice.estimates = estimate_strategies(sources, advice.evidence, advice.decision, speed);
  }
  const std::string strategy(name_of(advice.decision.strategy));
  result.config = config_with_strategy(sources, strategy);
  ConfigSources advised = with_strategy(sources, strategy);
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
