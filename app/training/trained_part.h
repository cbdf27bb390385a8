#pragma once

#include <torch/types.h>

#include <memory>

#include "models/frozen_prefix.h"
#include "models/trainable_network.h"

namespace transfer {

/// The layers that run on a batch while a network trains: the whole network, or those behind its
/// split, with the frozen ones before them if the batch still holds images.
struct TrainedPart {
  /// Whether only the layers behind the network's split run under autograd.
  bool is_behind_split = false;
  /// Runs on the batch's images first; empty if the batch holds its activations already.
  std::shared_ptr<const FrozenPrefix> prefix = {};

  /// What `logits` takes: the images themselves, or the prefix's activations for them. Those of an
  /// image do not depend on the rest of its batch (see store_batch()).
  torch::Tensor input_of(const torch::Tensor& images) const;

  /// input [n,…] → logits [n,classes] on the network's device, in its mode.
  torch::Tensor logits(const TrainableNetwork& network, const torch::Tensor& input) const;
};

}  // namespace transfer
