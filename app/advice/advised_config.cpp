#include "app/advice/advised_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/errors.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// Whether some source may have `quality`, which chooses the strategy.
bool may_give_quality(const ConfigSources& sources) {
  const auto is_quality = [](const std::string& text) { return text.starts_with("quality"); };
  return !sources.files.empty() || !sources.layers.empty() ||
         std::any_of(sources.settings.begin(), sources.settings.end(), is_quality) ||
         std::any_of(sources.flags.begin(), sources.flags.end(),
                     [&](const auto& flag) { return is_quality(flag.first); });
}

}  // namespace

ConfigSources with_strategy(ConfigSources sources, const std::string& strategy) {
  if (sources.preset == kAutoStrategy) sources.preset.clear();
  sources.flags.emplace_back("strategy", strategy);
  if (may_give_quality(sources)) {
    sources.flags.emplace_back("quality", std::string(name_of(Quality::kNone)));
  }
  return sources;
}

Config config_with_strategy(const ConfigSources& sources, const std::string& strategy) {
  return resolve_config(with_strategy(sources, strategy), strategy_names());
}

Config resolve_for_advice(const ConfigSources& sources) {
  ConfigSources asked = sources;
  asked.flags.emplace_back("strategy", kAutoStrategy);
  Config config = resolve_config(asked, strategy_choices());
  if (config.strategy != kAutoStrategy) {
    throw ConfigError(
        fmt::format("backbone: '{}' has no pretrained stages to compare, so there is nothing to "
                    "advise. Expected a pretrained network.",
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

}  // namespace transfer
