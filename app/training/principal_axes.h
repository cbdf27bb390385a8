#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <optional>

namespace transfer {

/// Orthogonal directions of feature space along which features are uncorrelated (Jolliffe,
/// "Principal Component Analysis", 2002, section 2.1). Where there are fewer rows than features,
/// those along which nothing varies are left out. A linear head with an L2 penalty is invariant to
/// rotation, so that it can be fitted along these axes: there its objective is far better
/// conditioned, and there are no more of them than rows.
struct PrincipalAxes {
  /// [D,R] float32 with orthonormal columns, the strongest axis first.
  torch::Tensor basis;
  /// [R] float64: the sum of the squares along each.
  torch::Tensor strengths;

  /// The first axes, which hold at least that part of all squares.
  PrincipalAxes strongest(double part) const;
};

/// With more axes than this, finding them takes longer than they save.
constexpr std::int64_t kMostAxes = 2048;

/// The axes of features [N,D] that `read(first, count)` gives in parts [count,D] float32, all on
/// one device; nothing where there would be more than kMostAxes. Time N · D · min(N,D), memory that
/// of a part and of min(N,D)² numbers.
std::optional<PrincipalAxes> principal_axes(
    std::int64_t rows, std::int64_t columns,
    const std::function<torch::Tensor(std::int64_t first, std::int64_t count)>& read);

}  // namespace transfer
