#include "app/training/target_scaling.h"

namespace transfer {

torch::Tensor TargetScaling::in_units(const torch::Tensor& outputs) const {
  if (is_identity()) return outputs;
  return outputs * standard_deviation.to(outputs.device()) + mean.to(outputs.device());
}

Head TargetScaling::in_units(const Head& head) const {
  if (is_identity()) return head;
  Head result = head;
  LinearLayer& last = result.last();
  const auto factor = standard_deviation.to(last.bias.device());
  last.weight = last.weight * factor.unsqueeze(1);
  last.bias = last.bias * factor + mean.to(last.bias.device());
  return result;
}

Head TargetScaling::scaled(const Head& head) const {
  if (is_identity()) return head;
  Head result = head;
  LinearLayer& last = result.last();
  const auto factor = standard_deviation.to(last.bias.device());
  last.weight = last.weight / factor.unsqueeze(1);
  last.bias = (last.bias - mean.to(last.bias.device())) / factor;
  return result;
}

TargetScaling measure_target_scaling(const Truth& train, torch::Device device) {
  const auto targets = train.select(train.counted()).targets.to(torch::kFloat64);
  const auto mean = targets.mean(0);
  const auto standard_deviation = (targets - mean).square().mean(0).sqrt();
  const auto divisor = torch::where(standard_deviation > 0, standard_deviation,
                                    torch::ones_like(standard_deviation));
  return {mean.to(device, torch::kFloat32), divisor.to(device, torch::kFloat32)};
}

}  // namespace transfer
