#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/trainable_network.h"

namespace transfer {

/// Copies of a network that share its weights and run in parallel threads. Each computes the
/// gradients of its part of a batch; their sum, taken in the order of the copies, is added to the
/// network's own gradients. The result is the gradient of the loss over the whole batch for any
/// number of copies, as long as no layer mixes rows (BatchNorm's statistics must be fixed).
class Replicas {
 public:
  /// `count` copies, including the network itself, which must outlive this. Throws ModelError if it
  /// cannot be copied this way.
  Replicas(TrainableNetwork& network, std::int64_t count);

  std::int64_t count() const { return static_cast<std::int64_t>(copies_.size()) + 1; }

  /// As TrainableNetwork::train(), for all copies.
  void train(const std::vector<std::string>& trainable);

  /// Divides `rows` rows among the copies and calls `add` for each with its rows [first, first +
  /// count), in parallel, each call with one thread for arithmetic; a single copy has all threads.
  /// `add` runs forward and backward of Σ loss and returns that sum. `seed` and a copy's number
  /// determine what its Dropout drops. Returns the sums of the copies that had rows, in their
  /// order.
  using AddGradients = std::function<double(const TrainableNetwork& network, std::int64_t first,
                                            std::int64_t count)>;
  std::vector<double> add_gradients(std::int64_t rows, std::uint64_t seed, const AddGradients& add);

 private:
  /// Adds the copies' gradients to the network's and clears them.
  void collect_gradients();

  TrainableNetwork& network_;
  std::vector<std::unique_ptr<TrainableNetwork>> copies_;
};

}  // namespace transfer
