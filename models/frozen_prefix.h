#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/preprocessing.h"

namespace transfer {

/// The first layers of a network that is being trained, for inference only: the weights they have
/// now, evaluation mode, BatchNorm folded into the convolutions, channels-last, no autograd. Made
/// by TrainableNetwork::frozen_prefix(); `activations` may be called from several threads at once.
class FrozenPrefix {
 public:
  struct Implementation;
  explicit FrozenPrefix(std::unique_ptr<Implementation> implementation);
  ~FrozenPrefix();
  FrozenPrefix(FrozenPrefix&&) noexcept;

  /// Path of the stage whose output it gives.
  const std::string& stage() const;

  /// images [N,C,H,W] on any device → what the stage gives [N,…] on the prefix's device, free to
  /// enter autograd.
  torch::Tensor activations(const torch::Tensor& images) const;

  /// Shape of one image's activations, found by running one.
  std::vector<std::int64_t> shape(const Preprocessing& preprocessing) const;

 private:
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace transfer
