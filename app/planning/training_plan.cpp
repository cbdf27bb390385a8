#include "app/planning/training_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/advice/advised_config.h"
#include "core/quantity_text.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// Fewer do not improve on the fitted head that they begin with.
constexpr std::int64_t kFewestEpochs = 3;
/// Steps are slower than the arithmetic of a pass suggests, by about so much.
constexpr double kSlowerThanEstimated = 1.25;

/// About how long an epoch takes; 0 where that is unknown.
double epoch_seconds(const Advice& advice, const std::string& strategy, std::int64_t epochs) {
  const auto found = std::find_if(
      advice.estimates.begin(), advice.estimates.end(),
      [&](const TimeEstimate& one) { return one.strategy == strategy && one.settings.empty(); });
  if (found == advice.estimates.end()) return 0;
  return kSlowerThanEstimated * found->seconds /
         static_cast<double>(std::max<std::int64_t>(epochs, 1));
}

}  // namespace

Config plan_frozen(const TriedCandidate& tried, const ConfigSources& sources) {
  const Decision decision = decide(
      tried.advice.evidence, {.cut = resolve_for_advice(sources).cut, .layers_stay_frozen = true});
  Config config = config_with_strategy(with_candidate(sources, tried.candidate),
                                       std::string(name_of(decision.strategy)));
  if (config.cut.empty()) config.cut = decision.cut;
  config.train.time_limit = {};
  return config;
}

TrainingPlanInTime plan_training(const TriedCandidate& tried, const ConfigSources& sources,
                                 double seconds, bool is_given) {
  const Decision decision = decide(tried.advice.evidence, {resolve_for_advice(sources).cut});
  const std::string strategy(name_of(decision.strategy));
  if (find_strategy(strategy).trunk_is_frozen) return {};
  Config config = config_with_strategy(with_candidate(sources, tried.candidate), strategy);
  const double epoch = epoch_seconds(tried.advice, strategy, config.train.epochs);
  if (seconds <= 0 || epoch <= 0 || is_given) return {config, ""};
  const auto affordable = static_cast<std::int64_t>(std::floor(seconds / epoch));
  if (affordable < kFewestEpochs) {
    return {
        std::nullopt,
        fmt::format("{}: an epoch takes about {}, {} epochs are the least that pays, and {} are "
                    "left",
                    strategy, duration_text(epoch), kFewestEpochs, duration_text(seconds))};
  }
  config.train.epochs = std::min(config.train.epochs, affordable);
  return {config, ""};
}

}  // namespace transfer
