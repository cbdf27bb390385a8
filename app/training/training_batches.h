#pragma once

#include <cstdint>
#include <vector>

#include "configs/config.h"
#include "core/preprocessing.h"
#include "datasets/loader.h"

namespace transfer {

/// The class of each sample.
std::vector<std::int64_t> class_labels(const std::vector<Sample>& samples);

/// Whether the same images recur from epoch to epoch, so that the activations of frozen layers are
/// worth keeping.
bool images_repeat(const AugmentConfig& augment);

/// Loader options for one epoch (counted from 0) of training. Order, batches and augmentation
/// depend only on the configuration's seed and the epoch. With fixed views (`augment.views`) the
/// options' `epoch` is the number of the epoch's view, and view 0 is not augmented. `labels` are
/// the classes of the training samples. REQUIRES: not empty.
LoaderOptions training_batches(const Config& config, const Preprocessing& preprocessing,
                               const std::vector<std::int64_t>& labels, std::int64_t threads,
                               std::int64_t epoch);

}  // namespace transfer
