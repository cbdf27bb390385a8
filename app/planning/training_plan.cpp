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
/// Below this part of its preset's epochs a schedule augments lightly.
constexpr double kShortSchedule = 0.25;
/// Steps are slower than the arithmetic of a pass suggests, by about so much: 1.33 on Fashion-MNIST
/// at 64 pixels.
constexpr double kSlowerThanEstimated = 1.35;

/// About how long an epoch takes; 0 where that is unknown.
double epoch_seconds(const Advice& advice, const std::string& strategy, std::int64_t epochs) {
  const auto found = std::find_if(
      advice.estimates.begin(), advice.estimates.end(),
      [&](const TimeEstimate& one) { return one.strategy == strategy && one.settings.empty(); });
  if (found == advice.estimates.end()) return 0;
  return kSlowerThanEstimated * found->seconds /
         static_cast<double>(std::max<std::int64_t>(epochs, 1));
}

/// The winner's way to train layers, or that of another candidate.
TrainingPlanInTime plan_at(const CandidateSearch& search, std::size_t position,
                           const ConfigSources& sources, double seconds,
                           const GivenTraining& given) {
  const TriedCandidate& tried = search.tried[position];
  const Decision decision = decide(tried.advice.evidence, {resolve_for_advice(sources).cut});
  const std::string strategy(name_of(decision.strategy));
  if (find_strategy(strategy).trunk_is_frozen) return {};
  ConfigSources with = with_candidate(sources, tried.candidate);
  Config config = config_with_strategy(with, strategy);
  const double epoch = epoch_seconds(tried.advice, strategy, config.train.epochs);
  if (seconds <= 0 || epoch <= 0 || given.epochs) return {config, position};
  const auto affordable = static_cast<std::int64_t>(std::floor(seconds / epoch));
  if (affordable < kFewestEpochs) {
    return {std::nullopt,
            position,
            {fmt::format("{}, {}: an epoch takes about {}, {} epochs are the least that pays, and "
                         "{} are left",
                         title_of(tried.candidate), strategy, duration_text(epoch), kFewestEpochs,
                         duration_text(seconds))}};
  }
  if (affordable >= config.train.epochs) return {config, position};
  const double part = static_cast<double>(affordable) / static_cast<double>(config.train.epochs);
  if (part < kShortSchedule && !given.augmentation) {
    with.flags.emplace_back("augment.preset", "light");
    with.flags.emplace_back("augment.mixup", "0");
    config = config_with_strategy(with, strategy);
  }
  config.train.warmup_epochs *= part;
  config.train.epochs = affordable;
  return {config, position};
}

/// See plan_training().
std::optional<std::size_t> cheaper_to_train(const CandidateSearch& search) {
  const TriedCandidate& winner = search.winner();
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < search.tried.size(); ++i) {
    const TriedCandidate& tried = search.tried[i];
    if (tried.candidate.multiply_adds > winner.candidate.multiply_adds / 2) continue;
    if (tried.score.value < winner.score.value - kWorthwhileGain) continue;
    if (!best || tried.loss < search.tried[*best].loss) best = i;
  }
  return best;
}

bool is_given(const std::string& origin) {
  return origin.starts_with("--") || origin.find(':') != std::string::npos;
}

}  // namespace

GivenTraining given_training(const KeyOrigins& origins) {
  const bool augmentation = std::any_of(origins.begin(), origins.end(), [](const auto& origin) {
    return origin.first.starts_with("augment.") && is_given(origin.second);
  });
  return {is_given(origins.at("train.epochs")), augmentation};
}

Config plan_frozen(const TriedCandidate& tried, const ConfigSources& sources) {
  const Decision decision = decide(
      tried.advice.evidence, {.cut = resolve_for_advice(sources).cut, .layers_stay_frozen = true});
  Config config = config_with_strategy(with_candidate(sources, tried.candidate),
                                       std::string(name_of(decision.strategy)));
  if (config.cut.empty()) config.cut = decision.cut;
  config.train.time_limit = {};
  return config;
}

TrainingPlanInTime plan_training(const CandidateSearch& search, const ConfigSources& sources,
                                 double seconds, const GivenTraining& given) {
  TrainingPlanInTime plan = plan_at(search, search.best, sources, seconds, given);
  if (plan.config || plan.left_out.empty()) return plan;
  const auto cheaper = cheaper_to_train(search);
  if (!cheaper) return plan;
  TrainingPlanInTime other = plan_at(search, *cheaper, sources, seconds, given);
  other.left_out.insert(other.left_out.begin(), plan.left_out.begin(), plan.left_out.end());
  return other;
}

bool trains_alone(const TrainingPlanInTime& alone, const TrainingPlanInTime& beside) {
  if (!alone.config || find_strategy(alone.config->strategy).kind != StrategyKind::kRetrain) {
    return false;
  }
  return !beside.config || beside.config->train.epochs < alone.config->train.epochs;
}

}  // namespace transfer
