#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "app/features/feature_store.h"
#include "app/training/feature_scaling.h"

namespace transfer {

/// The scaled features of a training set, on the device of a fit that reads all of them again and
/// again. They stay there after the first reading where they take no more than a part of the memory
/// that is free; the others are read, scaled and copied each time.
class ScaledFeatures {
 public:
  /// `train` and `scaling` must outlive the result.
  ScaledFeatures(const FeatureSet& train, const FeatureScaling& scaling, torch::Device device);

  /// Rows `first` to `first + count − 1` of a view, [count,D].
  torch::Tensor rows(std::size_t view, std::int64_t first, std::int64_t count);

  /// Whether the features stay on the device.
  bool are_kept() const { return are_kept_; }

 private:
  torch::Tensor scaled(std::size_t view, std::int64_t first, std::int64_t count) const;

  const FeatureSet& train_;
  const FeatureScaling& scaling_;
  torch::Device device_;
  bool are_kept_;
  /// By view, [N,D]; undefined before it was read.
  std::vector<torch::Tensor> kept_;
};

}  // namespace transfer
