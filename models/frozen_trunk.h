#pragma once

#include <torch/types.h>

#include <memory>

#include "models/backbone.h"

namespace transfer {

/// The pretrained layers in front of the classifier, for inference only: evaluation mode,
/// BatchNorm folded into the convolutions, channels-last weights, no autograd. `features` may be
/// called from several threads at once.
class FrozenTrunk {
 public:
  FrozenTrunk(const Backbone& backbone, torch::Device device);
  ~FrozenTrunk();
  FrozenTrunk(FrozenTrunk&&) noexcept;

  /// images [N,C,H,W] on any device → features [N,D] on the CPU, free to enter autograd.
  torch::Tensor features(const torch::Tensor& images) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace transfer
