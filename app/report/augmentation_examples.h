#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "configs/config.h"
#include "core/preprocessing.h"
#include "datasets/dataset.h"

namespace transfer {

/// What augmentation makes of four training images, spread evenly, as JSON: an array of `{path,
/// original, views}` with data addresses of what the network sees. Images that cannot be read are
/// passed over; empty where augmentation changes none.
nlohmann::ordered_json augmentation_examples(const std::vector<Sample>& train,
                                             const AugmentConfig& config,
                                             const Preprocessing& preprocessing,
                                             std::uint64_t seed);

}  // namespace transfer
