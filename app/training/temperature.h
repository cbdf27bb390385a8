#pragma once

#include <torch/types.h>

namespace transfer {

/// Mean negative log-likelihood of labels [N] by the softmax of logits [N,C] / temperature. In
/// double precision. REQUIRES: N > 0, temperature > 0.
double negative_log_likelihood(const torch::Tensor& logits, const torch::Tensor& labels,
                               double temperature);

/// Temperatures between which fit_temperature() looks: images that are all wrong have no best one.
inline constexpr double kLowestTemperature = 0.05;
inline constexpr double kHighestTemperature = 20;

/// The temperature with the least negative_log_likelihood() (Guo et al. 2017, "On Calibration of
/// Modern Neural Networks", section 4.2), by Newton's method with bisection; rounded to 5 digits,
/// so that it does not hang on the last digits of the logits. Images that are all right would fit
/// better the lower it is, without end, and say nothing of how sure to be: they give 1. REQUIRES:
/// N > 0.
double fit_temperature(const torch::Tensor& logits, const torch::Tensor& labels);

}  // namespace transfer
