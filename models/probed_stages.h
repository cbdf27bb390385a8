#pragma once

#include <string>
#include <vector>

#include "models/backbone.h"

namespace transfer {

/// The stages whose output may be taken while the network runs on: all but the last one, whose
/// average the classifier sees anyway. A stage that ends in a convolution whose BatchNorm lies
/// behind it (ResNet's `conv1`) is passed over where others remain: its output exists only while
/// the two are not folded into one, which would change the last digits of all features behind it.
std::vector<std::string> probed_stages(const Backbone& backbone);

}  // namespace transfer
