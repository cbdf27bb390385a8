#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/preprocessing.h"
#include "datasets/dataset.h"

namespace transfer {

/// The image as a JPEG whose longer side has at most `side` pixels; empty where it cannot be read.
std::string thumbnail_jpeg(const Sample& sample, std::int64_t side,
                           const std::optional<SampleRange>& sample_range = {});

}  // namespace transfer
