#include "app/training/activation_precision.h"

namespace transfer {

bool float16_suffices(const torch::Tensor& activations,
                      const std::function<torch::Tensor(const torch::Tensor&)>& logits) {
  const auto rounded = activations.to(torch::kFloat16).to(torch::kFloat32);
  const double moved = (logits(rounded) - logits(activations)).abs().max().item<double>();
  return rounded.isfinite().all().item<bool>() && moved < kMostLogitsMove;
}

}  // namespace transfer
