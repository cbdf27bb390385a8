#include "app/training/replicas.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "app/compute/device.h"
#include "app/compute/side_by_side.h"
#include "core/random.h"

namespace transfer {

Replicas::Replicas(TrainableNetwork& network, std::int64_t count) : network_(network) {
  for (std::int64_t i = 1; i < count; ++i) copies_.push_back(network.replica());
}

void Replicas::train(const std::vector<std::string>& trainable) {
  network_.train(trainable);
  for (const auto& copy : copies_) copy->train(trainable);
}

std::vector<double> Replicas::add_gradients(std::int64_t rows, std::uint64_t seed,
                                            const AddGradients& add) {
  // The network itself draws from the process's generator, which no other copy uses.
  at::manual_seed(seed);
  const std::int64_t working = std::min(count(), rows);
  if (working <= 1) return {add(network_, 0, rows)};
  for (std::size_t i = 0; i < copies_.size(); ++i) copies_[i]->seed(mix_seed({seed, i + 1}));
  std::vector<double> sums(static_cast<std::size_t>(working));
  const int threads = at::get_num_threads();
  run_side_by_side(working, working, [&](std::int64_t i) {
    const auto index = static_cast<std::size_t>(i);
    const std::int64_t first = rows * i / working;
    const std::int64_t last = rows * (i + 1) / working;
    sums[index] = add(i == 0 ? network_ : *copies_[index - 1], first, last - first);
  });
  use_threads(threads);
  collect_gradients();
  return sums;
}

void Replicas::collect_gradients() {
  const at::NoGradGuard no_gradients;
  auto own = network_.parameters();
  for (const auto& copy : copies_) {
    const auto theirs = copy->parameters();
    std::vector<torch::Tensor> sums;
    std::vector<torch::Tensor> added;
    for (std::size_t i = 0; i < own.size(); ++i) {
      torch::Tensor parameter = theirs[i].second;
      torch::Tensor gradient = std::move(parameter.mutable_grad());  // which leaves none behind
      if (!gradient.defined()) continue;
      if (own[i].second.grad().defined()) {
        sums.push_back(own[i].second.grad());
        added.push_back(gradient);
      } else {
        own[i].second.mutable_grad() = gradient;
      }
    }
    if (!sums.empty()) at::_foreach_add_(sums, added);
  }
}

}  // namespace transfer
