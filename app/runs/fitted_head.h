#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "app/runs/preparation.h"
#include "app/runs/stage_probe.h"
#include "datasets/loader.h"
#include "models/classifier.h"

namespace transfer {

/// A head to start fine-tuning from, in the targets' units, in the first process of a group only;
/// and the training pictures that could not be decoded.
struct FittedStart {
  std::optional<Head> head;
  std::vector<BrokenPicture> broken;
};

/// Fits a head to the features that the pretrained layers give, as freeze-conv does. What `known`
/// holds of features and weight decays is not computed again. Throws Error.
FittedStart fit_head_to_frozen_features(const Preparation& preparation,
                                        const std::filesystem::path& feature_store,
                                        const StageProbing& known);

}  // namespace transfer
