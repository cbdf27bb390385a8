#pragma once

#include <memory>
#include <string>

#include "app/preparation/preparation.h"
#include "app/report/run_directory.h"
#include "app/training/training_input.h"
#include "models/trainable_network.h"

namespace transfer {

/// What a network is trained on.
struct ChosenInput {
  std::unique_ptr<TrainingInput> input;
  /// The last of the frozen stages that run apart; empty where the network runs whole.
  std::string frozen_up_to;
  /// `float32` or `float16` where what they give is kept.
  std::string activations;
};

/// Splits the network behind the first stages that never train and, where every epoch shows them
/// the same images, stores what they give; says so on stderr. A network that cannot be split
/// there runs whole, with one line that says why. `preparation` must outlive the input; sets its
/// `cache.precision` where that was `auto`. The weights in front of the split must not change any
/// more. Throws Error.
ChosenInput choose_training_input(Preparation& preparation, const RunDirectory& run,
                                  TrainableNetwork& network);

}  // namespace transfer
