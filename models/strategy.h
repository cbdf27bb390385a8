#pragma once

#include <string>
#include <vector>

#include "configs/strategy_kind.h"

namespace transfer {

/// Where a strategy takes its features from.
enum class Cut {
  kBeforeClassifier,  ///< the classifier's input
  kAtStage,           ///< the pooled output of a stage: `cut`, or the best one by probing
  kAllStages,         ///< pooled outputs of all stages, of which cross-validation keeps some
};

/// What a strategy does to the backbone. Learning rates and epochs are in the preset of the same
/// name.
struct Strategy {
  StrategyKind kind;
  std::string name;
  /// One line for `--help` and messages.
  std::string summary;
  Cut cut = Cut::kBeforeClassifier;
  /// Whether the layers in front of the head are frozen, in evaluation mode, so that their features
  /// of an image are computed once and cached. Otherwise all layers train, each stage with its own
  /// multiple of the learning rate (see parameter_groups()).
  bool trunk_is_frozen = true;
};

/// The name that lets the program choose one of the strategies by measurement; not a strategy.
inline constexpr const char* kAutoStrategy = "auto";

/// All strategies: the four classic cases, and features of all stages.
const std::vector<Strategy>& list_strategies();

/// The strategy of that name. REQUIRES: it exists.
const Strategy& find_strategy(const std::string& name);

/// The names of all strategies, in the same order.
std::vector<std::string> strategy_names();

/// The names of all strategies and `auto`.
std::vector<std::string> strategy_choices();

}  // namespace transfer
