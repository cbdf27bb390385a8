#pragma once

#include <torch/types.h>

#include "app/training/loss.h"
#include "datasets/truth.h"

namespace transfer {

/// How much a teacher counts in the loss of a network with one class per image (Hinton et al. 2015,
/// "Distilling the Knowledge in a Neural Network").
struct Distillation {
  /// Share of the teacher's part of the loss, 0–1.
  double weight = 0.5;
  /// What the logits of both are divided by in that part, above 0.
  double temperature = 2;
};

/// (1 − weight) · `loss` + weight · T² · Σ_i w_i KL(softmax(teacher_i / T) ‖ softmax(outputs_i /
/// T)), to be divided by Loss::weight() as Loss::sums() is. An image counts by the same w_i in both
/// parts: 1, or the weight of its class. outputs and teacher: logits [n,C] on one device. Rows
/// with the label −1 do not count. REQUIRES: a loss for one class per image.
LossSum distilled_sums(const Loss& loss, const Distillation& distillation,
                       const torch::Tensor& outputs, const Truth& truth,
                       const torch::Tensor& teacher);

}  // namespace transfer
