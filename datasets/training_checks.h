#pragma once

#include <string>
#include <vector>

#include "core/objective.h"
#include "datasets/dataset.h"
#include "datasets/labelled_files.h"

namespace transfer {

/// Throws DataError where there are no images or no classes to train on, or a class's name is not
/// valid UTF-8. `path` is the data's, here and below.
void check_training_data(const LabelledFiles& found, const std::vector<std::string>& classes,
                         TargetKind kind, const std::string& path);

/// Throws DataError where there is nothing to learn: a single label that every image has, or a
/// target with the same number in every image.
void require_variety(const Dataset& dataset, TargetKind kind, const std::string& path);

/// Throws DataError where the splits or the limit per class left a label without a training image.
void require_every_label(const Dataset& dataset, const std::string& path);

/// The classes or labels that no validation image has.
std::vector<std::string> missing_in_val(const Dataset& dataset, TargetKind kind);

}  // namespace transfer
