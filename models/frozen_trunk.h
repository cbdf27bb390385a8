#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/fusion.h"
#include "models/backbone.h"
#include "models/feature_block.h"

namespace transfer {

/// The pretrained layers up to one or several cuts, for inference only: evaluation mode, BatchNorm
/// folded into the convolutions, channels-last, no autograd. Owns a copy of the backbone's weights,
/// on its device. `features` may be called from several threads at once.
class FrozenTrunk {
 public:
  /// A cut is the path of a stage, whose output is averaged over the image, or "" for the
  /// classifier's input. Throws ModelError when the network cannot be cut there.
  FrozenTrunk(const Backbone& backbone, const std::vector<std::string>& cuts, torch::Device device,
              Fusion fusion = Fusion::kOff);
  /// The same for blocks of features, which cut_for_blocks() can make.
  FrozenTrunk(const Backbone& backbone, std::vector<FeatureBlock> blocks, torch::Device device,
              Fusion fusion = Fusion::kOff);
  ~FrozenTrunk();
  FrozenTrunk(FrozenTrunk&&) noexcept;

  /// One for each cut.
  const std::vector<FeatureBlock>& blocks() const;
  /// Number of features of each block, and of all of them.
  const std::vector<std::int64_t>& widths() const;
  std::int64_t dimension() const;
  /// Names the way in which the layers are computed: features of two ways may differ in their last
  /// digits.
  std::string engine() const;
  /// Multiply-adds for one image from the input up to each block; empty when there is only one.
  const std::vector<std::int64_t>& multiply_adds() const;

  /// images [N,C,H,W] on any device → features [N,dimension] of all blocks side by side, on the
  /// CPU. They may be used in autograd.
  torch::Tensor features(const torch::Tensor& images) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace transfer
