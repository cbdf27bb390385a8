#pragma once

#include <torch/types.h>

#include <vector>

namespace transfer {

/// The gradients that there are; frozen parameters have none.
std::vector<torch::Tensor> gradients_of(const std::vector<torch::Tensor>& parameters);

/// Multiplies all gradients by `factor`: those of several batches, each of a summed loss, become
/// those of the mean loss with 1 / Σ weight.
void scale_gradients(const std::vector<torch::Tensor>& parameters, double factor);

/// Shortens all gradients together to the length `max_norm` where they are longer, as
/// torch.nn.utils.clip_grad_norm_ (Pascanu et al. 2013); 0 only measures. Returns the Euclidean
/// norm that they had. Where it is not finite, some gradient is not (or has overflowed), and they
/// stay as they are: the caller skips the step.
double clip_gradients(const std::vector<torch::Tensor>& parameters, double max_norm);

}  // namespace transfer
