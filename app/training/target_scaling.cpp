#include "app/training/target_scaling.h"

namespace transfer {

torch::Tensor TargetScaling::in_units(const torch::Tensor& outputs) const {
  if (is_identity()) return outputs;
  return outputs * deviation.to(outputs.device()) + mean.to(outputs.device());
}

LinearHead TargetScaling::in_units(const LinearHead& head) const {
  if (is_identity()) return head;
  const auto factor = deviation.to(head.bias.device());
  return {head.weight * factor.unsqueeze(1), head.bias * factor + mean.to(head.bias.device())};
}

LinearHead TargetScaling::scaled(const LinearHead& head) const {
  if (is_identity()) return head;
  const auto factor = deviation.to(head.bias.device());
  return {head.weight / factor.unsqueeze(1), (head.bias - mean.to(head.bias.device())) / factor};
}

TargetScaling measure_target_scaling(const Truth& train, torch::Device device) {
  const auto targets = train.select(train.counted()).targets.to(torch::kFloat64);
  const auto mean = targets.mean(0);
  const auto deviation = (targets - mean).square().mean(0).sqrt();
  const auto divisor = torch::where(deviation > 0, deviation, torch::ones_like(deviation));
  return {mean.to(device, torch::kFloat32), divisor.to(device, torch::kFloat32)};
}

}  // namespace transfer
