#include "models/strategy.h"

namespace transfer {

const std::vector<Strategy>& list_strategies() {
  static const std::vector<Strategy> strategies = {
      {"freeze-conv",
       "small data set, similar to the pretraining data: all pretrained layers frozen, a new "
       "softmax head trained on their features",
       /*trunk_is_frozen=*/true},
  };
  return strategies;
}

std::vector<std::string> strategy_names() {
  std::vector<std::string> names;
  for (const Strategy& strategy : list_strategies()) names.push_back(strategy.name);
  return names;
}

}  // namespace transfer
