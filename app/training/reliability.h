#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "app/training/scored_images.h"

namespace transfer {

/// Predictions whose confidence lies in one of equally wide parts of [0, 1].
struct ReliabilityBin {
  std::int64_t count = 0;
  /// Mean confidence, and the share that is right; both 0 without predictions.
  double confidence = 0;
  double accuracy = 0;
};

/// How far confidence can be believed: 15 bins, as Guo et al. ("On calibration of modern neural
/// networks", ICML 2017) draw them. Classes: the likeliest class of each image. Labels: every label
/// of each image, by the probability that the image has it. REQUIRES: not numbers.
std::vector<ReliabilityBin> reliability_bins(const ScoredImages& images);

/// The expected calibration error (equation 3 there): mean |confidence − accuracy|, weighted by the
/// bins' counts. From 0 to 1, 0 being the best.
double expected_calibration_error(const std::vector<ReliabilityBin>& bins);

/// The same of probabilities [N,C] for labels [N].
double expected_calibration_error(const torch::Tensor& probabilities, const torch::Tensor& labels);

}  // namespace transfer
