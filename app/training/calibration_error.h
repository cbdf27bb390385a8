#pragma once

#include <torch/types.h>

namespace transfer {

/// The expected calibration error of probabilities [N,C] for labels [N] (Guo et al. 2017, "On
/// Calibration of Modern Neural Networks", equation 3): images are put into 15 bins of equal width
/// by the probability of their likeliest class, and the result is the mean difference between the
/// accuracy and that probability over the bins, each weighted by its images. From 0 to 1, 0 being
/// the best. REQUIRES: N > 0.
double expected_calibration_error(const torch::Tensor& probabilities, const torch::Tensor& labels);

}  // namespace transfer
