#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "configs/config.h"
#include "datasets/truth.h"

namespace transfer {

/// How the images of one batch are mixed.
struct MixPlan {
  /// For each row, the row that is mixed into it: a random permutation of the rows that count. A
  /// row without a label is its own partner.
  std::vector<std::int64_t> partners;
  /// Fraction of a row's own image in the result, 0–1; 1 changes nothing.
  double share = 1.0;
  /// CutMix: this rectangle comes from the partner, in pixels. Without one (height 0) all pixels
  /// are blended: mixup.
  std::int64_t top = 0;
  std::int64_t left = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// Draws a plan. `mixup`: share from Beta(α, α) (Zhang et al. 2018). `cutmix`: a rectangle of area
/// 1 − Beta(α, α) around a uniform centre, clipped to the image, with the share adjusted to its
/// area (Yun et al. 2019). With both, one of them at random with equal probability. `labels` [N] on
/// the CPU, −1 for broken images; `seed` is mix_seed({seed, epoch, batch}) and determines
/// everything.
MixPlan draw_mix(const torch::Tensor& labels, std::int64_t height, std::int64_t width,
                 const AugmentConfig& config, std::uint64_t seed);

struct MixedBatch {
  /// In the memory format of the images given.
  torch::Tensor images;
  /// Targets [N,C] on the CPU, mixed in the same proportions; where images have classes only, the
  /// fractions of the classes. All zero for a row without a label.
  Truth truth;
};

/// The same plan for images of another size; a rectangle too small to be seen there changes
/// nothing.
MixPlan scaled_plan(const MixPlan& plan, double vertically, double horizontally);

/// images [N,C,H,W] on any device, mixed by the plan.
torch::Tensor mix_images(const torch::Tensor& images, const MixPlan& plan);

/// images [N,C,H,W] on any device, truth [N] on the CPU.
MixedBatch mix_batch(const torch::Tensor& images, const Truth& truth, std::int64_t classes,
                     const MixPlan& plan);

}  // namespace transfer
