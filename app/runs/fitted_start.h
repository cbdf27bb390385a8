#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "app/advice/stage_probes.h"
#include "app/preparation/preparation.h"
#include "app/training/target_scaling.h"
#include "datasets/loader.h"
#include "models/classifier.h"
#include "models/trainable_network.h"

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

/// How a network's head begins.
struct HeadBeginning {
  bool is_fitted = false;
  /// Training images found broken while it was fitted.
  std::vector<BrokenImage> broken = {};
};

/// Gives a network with pretrained layers the head that `head.start` asks for; `scaling` is that of
/// the targets it trains for. A network that is drawn anew keeps its random head. Throws Error.
HeadBeginning start_head(const Preparation& preparation, const std::filesystem::path& feature_store,
                         const TargetScaling& scaling, const StageProbes& known,
                         TrainableNetwork& network);

}  // namespace transfer
