#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "app/advice/stage_probes.h"
#include "app/preparation/preparation.h"
#include "datasets/loader.h"
#include "models/classifier.h"

namespace transfer {

/// A head to start fine-tuning from, in the targets' units, in the first process of a group only;
/// and the training images that could not be decoded.
struct FittedStart {
  std::optional<Head> head;
  std::vector<BrokenImage> broken;
};

/// Fits a head to the features that the pretrained layers give, as freeze-conv does. What `known`
/// holds of features and weight decays is not computed again. Throws Error.
FittedStart fit_head_to_frozen_features(const Preparation& preparation,
                                        const std::filesystem::path& feature_store,
                                        const StageProbes& known);

}  // namespace transfer
