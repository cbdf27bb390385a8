#pragma once

#include <torch/types.h>

#include <functional>

namespace transfer {

/// The most that the logits of images may move where their activations are kept as float16.
constexpr double kMostLogitsMove = 1e-2;

/// Whether activations [n,…] float32 may be kept as float16: no logit that `logits` gives for them
/// moves by kMostLogitsMove or more, and none of them is too large for it.
bool float16_suffices(const torch::Tensor& activations,
                      const std::function<torch::Tensor(const torch::Tensor&)>& logits);

}  // namespace transfer
