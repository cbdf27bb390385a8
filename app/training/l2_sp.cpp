#include "app/training/l2_sp.h"

#include <set>
#include <string>

namespace transfer {

L2Sp::L2Sp(const TrainableNetwork& network, double strength) : strength_(strength) {
  const std::string head = std::string(TrainableNetwork::kHead) + ".";
  std::set<const c10::TensorImpl*> seen;  // a parameter may have several names
  for (const auto& [name, tensor] : network.parameters()) {
    if (name.starts_with(head) || !seen.insert(tensor.unsafeGetTensorImpl()).second) continue;
    weights_.emplace_back(tensor, tensor.detach().clone());
  }
}

void L2Sp::add_gradients() const {
  const torch::NoGradGuard no_gradients;
  // One at a time, so that the differences take little memory.
  for (const auto& [weight, start] : weights_) {
    const torch::Tensor gradient = weight.grad();
    if (gradient.defined()) gradient.add_(weight - start, strength_);
  }
}

std::shared_ptr<const L2Sp> l2_sp_of(const TrainableNetwork& network, const TrainConfig& config) {
  if (config.l2_sp == 0) return nullptr;
  return std::make_shared<const L2Sp>(network, config.l2_sp);
}

}  // namespace transfer
