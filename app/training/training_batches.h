#pragma once

#include <cstdint>
#include <vector>

#include "configs/config.h"
#include "core/preprocessing.h"
#include "datasets/loader.h"

namespace transfer {

/// The class of each sample.
std::vector<std::int64_t> class_labels(const std::vector<Sample>& samples);

/// Whether every epoch shows the network images that it has seen or will see again, so that what
/// frozen layers make of them is worth keeping.
bool images_repeat(const AugmentConfig& augment);

/// How a loader gives the batches of one epoch (counted from 0) of training: order, batches and
/// augmentation all follow from the configuration's seed and the epoch. With fixed views
/// (`augment.views`) the options' own `epoch` is the number of the epoch's view, and view 0 is not
/// augmented. `labels` are the classes of the training samples. REQUIRES: not empty.
LoaderOptions training_batches(const Config& config, const Preprocessing& preprocessing,
                               const std::vector<std::int64_t>& labels, std::int64_t threads,
                               std::int64_t epoch);

}  // namespace transfer
