#pragma once

#include <torch/types.h>

#include <functional>

namespace transfer {

/// Largest change of logits that is accepted when activations are kept as float16.
constexpr double kMostLogitsMove = 1e-2;

/// Whether activations [n,…] float32 may be kept as float16: none overflows, and every logit that
/// `logits` gives for them moves by less than kMostLogitsMove.
bool float16_suffices(const torch::Tensor& activations,
                      const std::function<torch::Tensor(const torch::Tensor&)>& logits);

}  // namespace transfer
