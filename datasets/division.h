#pragma once

#include <cstdint>

#include "configs/config.h"
#include "datasets/dataset.h"

namespace transfer {

/// Takes validation and test images out of the training images where the data has none, or divides
/// them into folds, and limits the images per class. Copies of an image stay together. Throws
/// DataError where the images do not suffice for the folds.
void divide(Dataset& dataset, const DataConfig& config, std::uint64_t seed);

}  // namespace transfer
