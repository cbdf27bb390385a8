#pragma once

#include <torch/types.h>

#include "app/features/feature_store.h"
#include "models/classifier.h"

namespace transfer {

/// Shift and scale that give training features zero mean and a mean square of one. It makes the
/// head's fit well conditioned, and weight decay mean the same for every backbone.
struct FeatureScaling {
  torch::Tensor mean;  ///< [D] float32
  double scale = 1;    ///< one number for all features

  torch::Tensor apply(const torch::Tensor& features) const { return (features - mean) / scale; }

  /// The head for unscaled features that gives the same logits as `head` for scaled ones.
  LinearHead unscaled(const LinearHead& head) const;
};

/// Measured on the unaugmented view of the training features.
FeatureScaling measure_scaling(const FeatureSet& train);

}  // namespace transfer
