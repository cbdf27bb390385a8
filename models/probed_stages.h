#pragma once

#include <string>
#include <vector>

#include "models/backbone.h"

namespace transfer {

/// What people call the classifier's input, where a stage is expected.
inline constexpr const char* kPenultimate = "penultimate";

/// What people call a stage: its path, or kPenultimate for the empty one, the classifier's input.
std::string stage_title(const std::string& stage);

/// The stages to probe in one pass: all except the last, whose average is the classifier's input. A
/// stage that ends in a convolution with its BatchNorm behind it (ResNet's `conv1`) is left out if
/// others remain: keeping its output prevents folding the two, which changes the last digits of all
/// features behind it.
std::vector<std::string> probed_stages(const Backbone& backbone);

}  // namespace transfer
