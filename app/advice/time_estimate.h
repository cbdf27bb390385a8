#pragma once

#include <cstdint>

namespace transfer {

/// What one pass over images has shown of this machine; seconds.
struct MachineSpeed {
  /// From the start of the program until the first image.
  double start = 0;
  /// To read, decode and resize an image.
  double prepare = 0;
  /// For an image's way through the frozen network.
  double forward = 0;
};

/// Images of each split.
struct ImageCounts {
  std::int64_t train = 0;
  std::int64_t val = 0;
  std::int64_t test = 0;
};

/// A head on the features of frozen layers.
struct FrozenPlan {
  /// Part of the network's multiply-adds that lie before the cut.
  double share = 1;
  std::int64_t views = 0;
  double head_seconds = 0;
};

/// Training of the layers, every epoch of it.
struct TrainingPlan {
  std::int64_t epochs = 0;
  /// Part of the multiply-adds that lie in first stages that never train.
  double frozen_share = 0;
  /// Whether the output of those stages is kept, once per image and view, instead of computed in
  /// every epoch.
  bool keeps_activations = false;
  std::int64_t views = 0;
  /// Whether the head is fitted to frozen features first, and how long that takes.
  bool fits_head_first = false;
  double head_seconds = 0;
};

/// A backward pass computes two gradients a layer, of its input and of its weights, each of as many
/// multiply-adds as the forward pass.
constexpr double kBackwardOverForward = 2;

/// To choose the weight decay of a head without hidden layers by cross-validation, which took so
/// long, and then to fit the head: one more fit beside those of the folds.
double head_seconds(double cross_validation_seconds);

double estimate_seconds(const MachineSpeed& speed, const ImageCounts& images,
                        const FrozenPlan& plan);

/// An upper bound where training may stop early. Steps are assumed to be as fast as the pass, apart
/// from the backward arithmetic of the layers that train.
double estimate_seconds(const MachineSpeed& speed, const ImageCounts& images,
                        const TrainingPlan& plan);

}  // namespace transfer
