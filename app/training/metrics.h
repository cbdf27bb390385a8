#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace transfer {

/// How well logits fit labels. Classes without any picture and without any prediction count 0 in
/// precision, recall and F1, and are left out of `macro_f1` (as scikit-learn does for labels that
/// occur neither as truth nor as prediction).
struct ClassificationMetrics {
  std::int64_t pictures = 0;
  /// Mean cross-entropy, unweighted and without label smoothing.
  double loss = 0;
  double top1 = 0;
  /// Part of the pictures whose class is among the `k` highest logits; k is at most the number of
  /// classes.
  double topk = 0;
  std::int64_t k = 0;
  double macro_f1 = 0;
  std::vector<double> precision;
  std::vector<double> recall;
  std::vector<double> f1;
  /// confusion[truth][prediction], numbers of pictures.
  std::vector<std::vector<std::int64_t>> confusion;
};

/// logits [N,C], labels [N]; rows with label −1 are left out.
ClassificationMetrics classification_metrics(const torch::Tensor& logits,
                                             const torch::Tensor& labels, std::int64_t k);

}  // namespace transfer
