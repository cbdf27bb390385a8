#include "models/strategy.h"

#include <algorithm>

namespace transfer {

const std::vector<Strategy>& list_strategies() {
  static const std::vector<Strategy> strategies = {
      {"freeze-conv",
       "small data set, similar to the pretraining data: all pretrained layers frozen, a new "
       "softmax head trained on their features",
       Cut::kBeforeClassifier, /*trunk_is_frozen=*/true},
      {"early-features",
       "small, different: the network cut at an early stage, frozen, a new softmax head trained on "
       "its pooled output",
       Cut::kAtStage, /*trunk_is_frozen=*/true},
      {"fine-tune", "large, similar: a new head, all layers trained from the pretrained weights",
       Cut::kBeforeClassifier, /*trunk_is_frozen=*/false},
      {"retrain",
       "large, different: all layers trained at full rate, from the pretrained weights or from "
       "scratch",
       Cut::kBeforeClassifier, /*trunk_is_frozen=*/false},
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
