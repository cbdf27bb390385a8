#include "models/weight_values.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <set>
#include <vector>

#include "models/surgery.h"

namespace transfer {

using torch::jit::Graph;
using torch::jit::Module;

namespace {

bool is_finite(const torch::Tensor& tensor) {
  if (!tensor.defined() || tensor.numel() == 0 || !tensor.is_floating_point()) return true;
  return tensor.isfinite().all().item<bool>();
}

std::string non_finite_values(const torch::Tensor& tensor) {
  return tensor.isnan().any().item<bool>() ? "NaN" : "infinity";
}

}  // namespace

std::string describe_unusable_weight(const Module& module, const std::shared_ptr<Graph>& graph) {
  const auto paths = tensors_read_by(graph);
  const std::set<std::string> read(paths.begin(), paths.end());
  for (const auto& entry : module.named_parameters()) {
    if (!read.contains(entry.name) || is_finite(entry.value)) continue;
    return fmt::format("'{}' holds {}", entry.name, non_finite_values(entry.value));
  }
  std::string other;
  for (const auto& entry : module.named_buffers()) {
    if (!read.contains(entry.name) || !entry.value.is_floating_point()) continue;
    const bool is_statistic =
        entry.name.ends_with("running_mean") || entry.name.ends_with("running_var");
    if (!is_finite(entry.value)) {
      const auto found = fmt::format("'{}' holds {}", entry.name, non_finite_values(entry.value));
      if (is_statistic) return found;
      if (other.empty()) other = found;
    } else if (entry.name.ends_with("running_var") && entry.value.lt(0).any().item<bool>()) {
      return fmt::format("'{}' holds negative variances", entry.name);
    }
  }
  return other;
}

void replace_unusable_weights_outside(const std::shared_ptr<Graph>& graph, const Module& module) {
  const torch::NoGradGuard no_gradients;
  const auto paths = tensors_read_by(graph);
  const std::set<std::string> read(paths.begin(), paths.end());
  for (const auto& entry : module.named_parameters()) {
    if (read.contains(entry.name) || is_finite(entry.value)) continue;
    const auto generator = at::detail::createCPUGenerator(3);
    torch::Tensor weight = entry.value;
    weight.copy_(torch::where(weight.isfinite(), weight,
                              at::randn(weight.sizes(), generator, weight.options())));
  }
}

}  // namespace transfer
