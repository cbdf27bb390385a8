#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "app/advice/stage_probes.h"
#include "app/preparation/preparation.h"
#include "datasets/loader.h"
#include "models/classifier.h"

namespace transfer {

/// A fitted head to start fine-tuning from, in the targets' units and on rank 0 only, and the
/// training images that cannot be decoded.
struct FittedStart {
  std::optional<Head> head;
  std::vector<BrokenImage> broken;
};

/// Fits a head to the features that the pretrained layers give, as freeze-conv does. Features and
/// weight decays that `known` holds are not computed again. Throws Error.
FittedStart fit_head_to_frozen_features(const Preparation& preparation,
                                        const std::filesystem::path& feature_store,
                                        const StageProbes& known);

}  // namespace transfer
