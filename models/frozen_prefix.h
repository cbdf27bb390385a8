#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/fusion.h"
#include "core/preprocessing.h"

namespace transfer {

/// The first layers of a network in training, or all of them, for inference only: evaluation mode, BatchNorm folded
/// into the convolutions, channels-last, no autograd. Owns a copy of the weights at the time that
/// TrainableNetwork made it. `activations` may be called from several threads at
/// once.
class FrozenPrefix {
 public:
  struct Implementation;
  explicit FrozenPrefix(std::unique_ptr<Implementation> implementation);
  ~FrozenPrefix();
  FrozenPrefix(FrozenPrefix&&) noexcept;

  /// Path of the stage at its end; empty for all layers.
  const std::string& stage() const;

  /// The device on which it runs.
  torch::Device device() const;

  /// As FrozenTrunk::engine().
  std::string engine() const;

  /// images [N,C,H,W] on any device → the stage's output [N,…] on the prefix's device. It may be
  /// used in autograd.
  torch::Tensor activations(const torch::Tensor& images) const;

  /// Shape of the activations of one image, without the batch dimension; runs a blank image.
  std::vector<std::int64_t> shape(const Preprocessing& preprocessing) const;

 private:
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace transfer
