#pragma once

#include <string>
#include <vector>

namespace transfer {

/// What a strategy does to the backbone, as data.
struct Strategy {
  std::string name;
  /// One line for `--help` and for messages.
  std::string summary;
  /// Whether the layers in front of the head stay as they are, so that their output for a picture
  /// never changes and may be kept.
  bool trunk_is_frozen = true;
};

/// All strategies there are.
const std::vector<Strategy>& list_strategies();

/// Their names, in the same order.
std::vector<std::string> strategy_names();

}  // namespace transfer
