#include "datasets/truth.h"

#include <algorithm>

namespace transfer {
namespace {

/// Applies `change` to every tensor that is defined.
template <typename Change>
Truth changed(const Truth& truth, const Change& change) {
  return {change(truth.labels), truth.targets.defined() ? change(truth.targets) : truth.targets};
}

}  // namespace

Truth Truth::select(const torch::Tensor& positions) const {
  return changed(*this, [&](const torch::Tensor& all) { return all.index_select(0, positions); });
}

Truth Truth::narrow(std::int64_t first, std::int64_t count) const {
  return changed(*this, [&](const torch::Tensor& all) { return all.narrow(0, first, count); });
}

Truth Truth::to(torch::Device device) const {
  return changed(*this, [&](const torch::Tensor& all) { return all.to(device); });
}

Truth truth_of(const std::vector<Sample>& samples) {
  const auto rows = static_cast<std::int64_t>(samples.size());
  Truth truth{torch::empty({rows}, torch::kInt64)};
  auto* labels = truth.labels.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < samples.size(); ++i) labels[i] = samples[i].label;
  if (samples.empty() || samples.front().targets.empty()) return truth;
  const std::size_t count = samples.front().targets.size();
  truth.targets = torch::empty({rows, static_cast<std::int64_t>(count)});
  auto* targets = truth.targets.data_ptr<float>();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    std::copy(samples[i].targets.begin(), samples[i].targets.end(), targets + i * count);
  }
  return truth;
}

}  // namespace transfer
