#include "core/objective.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace transfer {
namespace {

/// In the order of the enumeration.
constexpr std::array<std::string_view, 5> kLossNames = {"cross_entropy", "binary_cross_entropy",
                                                        "mse", "mae", "huber"};

}  // namespace

TargetKind Objective::targets() const {
  if (loss == LossKind::kCrossEntropy) return TargetKind::kClass;
  if (loss == LossKind::kBinaryCrossEntropy) return TargetKind::kLabels;
  return TargetKind::kValues;
}

std::string Objective::task() const {
  return targets() == TargetKind::kValues ? "regression" : "classification";
}

std::string loss_name(LossKind loss) {
  return std::string(kLossNames.at(static_cast<std::size_t>(loss)));
}

std::optional<LossKind> parse_loss(std::string_view name) {
  const auto* const found = std::find(kLossNames.begin(), kLossNames.end(), name);
  if (found == kLossNames.end()) return std::nullopt;
  return static_cast<LossKind>(found - kLossNames.begin());
}

std::vector<std::string> loss_names() { return {kLossNames.begin(), kLossNames.end()}; }

}  // namespace transfer
