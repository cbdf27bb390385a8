#pragma once

#include <string>
#include <vector>

namespace transfer {

/// Where a strategy takes its features from.
enum class Cut {
  kBeforeClassifier,  ///< the classifier's input
  kAtStage,           ///< the pooled output of a stage: `cut`, or the best one by probing
};

/// What a strategy does to the backbone, as data. How fast what trains, and for how long, is in the
/// preset of the same name.
struct Strategy {
  std::string name;
  /// One line for `--help` and for messages.
  std::string summary;
  Cut cut = Cut::kBeforeClassifier;
  /// Whether all layers in front of the head stay as they are and in evaluation mode, so that their
  /// output for an image never changes and is kept. Otherwise all layers train, each stage at its
  /// own multiple of the learning rate (see parameter_groups()).
  bool trunk_is_frozen = true;
};

/// The name that asks for one of them to be chosen by measuring; no strategy itself.
inline constexpr const char* kAutoStrategy = "auto";

/// All strategies there are: the four classic cases.
const std::vector<Strategy>& list_strategies();

/// The one of that name. REQUIRES: it exists.
const Strategy& find_strategy(const std::string& name);

/// Their names, in the same order.
std::vector<std::string> strategy_names();

/// The same and `auto`.
std::vector<std::string> strategy_choices();

}  // namespace transfer
