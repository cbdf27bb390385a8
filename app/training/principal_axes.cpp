#include "app/training/principal_axes.h"

#include <torch/torch.h>

#include <algorithm>

namespace transfer {
namespace {

/// Rows that are read at a time.
constexpr std::int64_t kRowsRead = 4096;
/// Weaker axes than this part of the strongest are rounding errors of float32.
constexpr double kWeakest = 1e-12;

struct Eigen {
  torch::Tensor values;   ///< from the largest to the smallest, without those that are none
  torch::Tensor vectors;  ///< as columns
};

Eigen largest_first(const torch::Tensor& products) {
  const auto [values, vectors] = torch::linalg_eigh(products);
  const auto falling = values.flip(0);
  const auto count = falling.gt(kWeakest * falling[0]).sum().item<std::int64_t>();
  const std::int64_t kept = std::max<std::int64_t>(count, 1);
  return {falling.narrow(0, 0, kept).clamp_min(0), vectors.flip(1).narrow(1, 0, kept)};
}

}  // namespace

PrincipalAxes PrincipalAxes::strongest(double part) const {
  const auto held = strengths.cumsum(0);
  const auto below = held.lt(part * held[-1]).sum().item<std::int64_t>();
  const std::int64_t kept = std::min(below + 1, strengths.size(0));
  return {basis.narrow(1, 0, kept).contiguous(), strengths.narrow(0, 0, kept)};
}

std::optional<PrincipalAxes> principal_axes(
    std::int64_t rows, std::int64_t columns,
    const std::function<torch::Tensor(std::int64_t first, std::int64_t count)>& read) {
  if (std::min(rows, columns) > kMostAxes) return std::nullopt;
  const torch::NoGradGuard no_gradients;
  if (rows < columns) {
    const auto features = read(0, rows).to(torch::kFloat64);
    const Eigen found = largest_first(features.matmul(features.t()));
    const auto lengths = found.values.sqrt().clamp_min(1e-30);
    return PrincipalAxes{
        features.t().matmul(found.vectors / lengths).to(torch::kFloat32).contiguous(),
        found.values};
  }
  torch::Tensor products;
  for (std::int64_t first = 0; first < rows; first += kRowsRead) {
    const auto part = read(first, std::min(kRowsRead, rows - first));
    const auto more = part.t().matmul(part).to(torch::kFloat64);
    products = products.defined() ? products.add_(more) : more;
  }
  const Eigen found = largest_first(products);
  return PrincipalAxes{found.vectors.to(torch::kFloat32).contiguous(), found.values};
}

}  // namespace transfer
