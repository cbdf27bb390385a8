#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "app/preparation/preparation.h"
#include "app/training/training_input.h"
#include "models/trainable_network.h"

namespace transfer {

/// The input on which a network trains.
struct ChosenInput {
  std::unique_ptr<TrainingInput> input;
  /// The last of the frozen stages that run separately; empty if the network is not split.
  std::string frozen_up_to;
  /// Type in which their activations are kept, `float32` or `float16`; empty if they are not.
  std::string activations;
};

/// Rehearses a training step with everything that will ever train (TrainableNetwork::rehearse()).
/// Throws ModelError.
void rehearse_training(const Config& config, TrainableNetwork& network);

/// Splits the network behind the first stages that never train and, if every epoch shows them the
/// same images, keeps their activations, beyond memory in `feature_store`, with a message. A
/// network that cannot be split there trains unsplit, with a message that says why. With a teacher
/// the batches bring what it says of their images (TaughtInput). `preparation` must outlive the
/// input; its `cache.precision` is set if it was `auto`. The weights before the split must not
/// change any more. Throws Error.
ChosenInput choose_training_input(Preparation& preparation,
                                  const std::filesystem::path& feature_store,
                                  TrainableNetwork& network);

}  // namespace transfer
