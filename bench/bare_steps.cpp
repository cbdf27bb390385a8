#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/optim/adamw.h>
#include <torch/script.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

/// The bare training steps of a TorchScript network: forward, cross-entropy, backward and AdamW on
/// one batch in memory. Prints the images per second of the best epoch. The remaining time of a
/// training epoch of `transfer` goes to images and bookkeeping.
///
/// Usage: bare_steps BACKBONE.pt BATCH STEPS_PER_EPOCH EPOCHS THREADS
int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(stderr, "usage: bare_steps BACKBONE.pt BATCH STEPS_PER_EPOCH EPOCHS THREADS\n");
    return 2;
  }
  const auto number = [argv](int position) { return std::strtol(argv[position], nullptr, 10); };
  const std::int64_t batch = number(2);
  const std::int64_t steps = number(3);
  at::set_num_threads(static_cast<int>(number(5)));
  torch::manual_seed(0);
  auto network = torch::jit::load(argv[1]);
  network.train();
  std::vector<torch::Tensor> parameters;
  for (auto parameter : network.parameters()) {
    const torch::NoGradGuard no_gradients;
    if (parameter.dim() == 4) {
      parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
    }
    parameter.set_requires_grad(true);
    parameters.push_back(parameter);
  }
  torch::optim::AdamW optimizer(parameters, torch::optim::AdamWOptions(1e-4));
  const auto images =
      torch::randn({batch, 3, 224, 224}).contiguous(torch::MemoryFormat::ChannelsLast);
  const auto labels = torch::randint(0, 2, {batch}, torch::kInt64);
  double best = 0;
  for (std::int64_t epoch = 0; epoch < number(4); ++epoch) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::int64_t step = 0; step < steps; ++step) {
      const auto loss = torch::cross_entropy_loss(network.forward({images}).toTensor(), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    best = std::max(best, static_cast<double>(batch * steps) / seconds.count());
  }
  fmt::print("{:.3f}\n", best);
  return 0;
}
