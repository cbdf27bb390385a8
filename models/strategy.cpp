#include "models/strategy.h"

#include <algorithm>
#include <utility>

namespace transfer {
namespace {

Strategy case_of(StrategyKind kind, Cut cut, bool trunk_is_frozen, std::string summary) {
  return {kind, std::string(name_of(kind)), std::move(summary), cut, trunk_is_frozen};
}

}  // namespace

const std::vector<Strategy>& list_strategies() {
  using enum StrategyKind;
  static const std::vector<Strategy> strategies = {
      case_of(kFreezeConv, Cut::kBeforeClassifier, /*trunk_is_frozen=*/true,
              "small data set, similar to the pretraining data: all pretrained layers frozen, a "
              "new softmax head trained on their features"),
      case_of(kEarlyFeatures, Cut::kAtStage, /*trunk_is_frozen=*/true,
              "small, different: the network cut at an early stage, frozen, a new softmax head "
              "trained on its pooled output"),
      case_of(kAllFeatures, Cut::kAllStages, /*trunk_is_frozen=*/true,
              "small, different: all layers frozen, a new softmax head trained on pooled features of "
              "several stages at once, which cross-validation chooses"),
      case_of(kFineTune, Cut::kBeforeClassifier, /*trunk_is_frozen=*/false,
              "large, similar: a new head, all layers trained from the pretrained weights"),
      case_of(kRetrain, Cut::kBeforeClassifier, /*trunk_is_frozen=*/false,
              "large, different: all layers trained at full rate, from the pretrained weights or "
              "from scratch"),
  };
  return strategies;
}

const Strategy& find_strategy(const std::string& name) {
  const auto& strategies = list_strategies();
  return *std::find_if(strategies.begin(), strategies.end(),
                       [&name](const Strategy& strategy) { return strategy.name == name; });
}

std::vector<std::string> strategy_names() {
  std::vector<std::string> names;
  for (const Strategy& strategy : list_strategies()) names.push_back(strategy.name);
  return names;
}

std::vector<std::string> strategy_choices() {
  auto names = strategy_names();
  names.emplace_back(kAutoStrategy);
  return names;
}

}  // namespace transfer
