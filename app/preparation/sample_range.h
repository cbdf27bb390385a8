#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "configs/config.h"
#include "core/preprocessing.h"
#include "datasets/dataset.h"

namespace transfer {

/// `data.sample_range`; nothing where it is `auto`.
std::optional<SampleRange> sample_range(const Config& config);

/// Looks through the data set on `threads` threads. Where `data.sample_range` is auto and training
/// images have more than 8 bits without saying what is black and white, sets it to the range that
/// suits all of them, with a message. Says what else is special about the images. Throws DataError
/// where no single range suits the training images, and Interrupted.
void settle_sample_range(Config& config, const Dataset& dataset, std::int64_t threads);

/// Says what is special about images that a model with that range is to see. Throws Interrupted.
void report_sample_values(const std::vector<Sample>& samples,
                          const std::optional<SampleRange>& range, std::int64_t threads);

}  // namespace transfer
