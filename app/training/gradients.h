#pragma once

#include <torch/types.h>

#include <vector>

namespace transfer {

/// The gradients of those parameters that have one; frozen ones do not.
std::vector<torch::Tensor> gradients_of(const std::vector<torch::Tensor>& parameters);

/// Multiplies all gradients by `factor`: those of several batches, each of a summed loss, become
/// those of the mean loss with 1 / Σ weight.
void scale_gradients(const std::vector<torch::Tensor>& parameters, double factor);

/// Scales all gradients so that their joint norm is at most `max_norm`, as
/// torch.nn.utils.clip_grad_norm_ (Pascanu et al. 2013); 0 only measures. Returns the Euclidean
/// norm before as a float64 scalar on their device, for which the host has not waited. If that is
/// not finite, the gradients stay as they are: the caller skips the step.
torch::Tensor clip_gradients(const std::vector<torch::Tensor>& parameters, double max_norm);

}  // namespace transfer
