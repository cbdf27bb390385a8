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

  /// From now on rows() gives the features along these axes [D,R].
  void turn_to(const torch::Tensor& basis);

  /// Rows `first` to `first + count − 1` of a view, scaled, [count,D].
  torch::Tensor scaled(std::size_t view, std::int64_t first, std::int64_t count) const;

  /// The same, or after turn_to() along its axes, [count,R].
  torch::Tensor rows(std::size_t view, std::int64_t first, std::int64_t count);

  /// Whether the features stay on the device.
  bool are_kept() const { return are_kept_; }

 private:
  torch::Tensor computed(std::size_t view, std::int64_t first, std::int64_t count) const;

  const FeatureSet& train_;
  const FeatureScaling& scaling_;
  torch::Device device_;
  bool are_kept_;
  /// Undefined where the features are not turned.
  torch::Tensor basis_;
  /// By view, [N,D] or [N,R]; undefined before it was read.
  std::vector<torch::Tensor> kept_;
};

}  // namespace transfer
