#pragma once

#include <cstdint>

namespace transfer {

/// Speed of this machine, in seconds, as measured in one pass over images.
struct MachineSpeed {
  /// From the start of the program to the first image.
  double start = 0;
  /// To read, decode and resize an image.
  double prepare = 0;
  /// For one image to go through the frozen network.
  double forward = 0;
};

/// Number of images in each split.
struct ImageCounts {
  std::int64_t train = 0;
  std::int64_t val = 0;
  std::int64_t test = 0;
};

/// Fitting a head to the features of frozen layers.
struct FrozenPlan {
  /// Fraction of the network's multiply-adds before the cut.
  double share = 1;
  std::int64_t views = 0;
  double head_seconds = 0;
};

/// Training the layers, for all epochs.
struct TrainingPlan {
  std::int64_t epochs = 0;
  /// Fraction of the multiply-adds in first stages that never train.
  double frozen_share = 0;
  /// Whether the output of those stages is computed once per image and view and kept, instead of
  /// computed in every epoch.
  bool keeps_activations = false;
  std::int64_t views = 0;
  /// Whether the head is fitted to frozen features first, and how long that takes.
  bool fits_head_first = false;
  double head_seconds = 0;
};

/// A backward pass computes two gradients per layer, for its input and for its weights, each with
/// as many multiply-adds as the forward pass.
constexpr double kBackwardOverForward = 2;

/// Time to choose the weight decay of a head without hidden layers by cross-validation, which took
/// `cross_validation_seconds`, and to fit the head: one more fit besides those of the folds.
double head_seconds(double cross_validation_seconds);

double estimate_seconds(const MachineSpeed& speed, const ImageCounts& images,
                        const FrozenPlan& plan);

/// An upper bound if training may stop early. Assumes that steps are as fast as the pass, plus the
/// backward arithmetic of the layers that train.
double estimate_seconds(const MachineSpeed& speed, const ImageCounts& images,
                        const TrainingPlan& plan);

}  // namespace transfer
