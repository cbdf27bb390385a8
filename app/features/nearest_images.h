#pragma once

#include <torch/types.h>

#include <cstdint>

#include "app/features/feature_store.h"

namespace transfer {

/// Exact search for the images whose features point in the most similar direction (cosine), by
/// matrix products over blocks of rows. Broken images are never found. `among` must outlive it. Any
/// number of threads may search at once.
class NearestImages {
 public:
  explicit NearestImages(const FeatureSet& among);

  struct Found {
    torch::Tensor similarities;  ///< [n,k] float32, −1 to 1, the largest first
    torch::Tensor rows;          ///< [n,k] int64, as in `among`
  };

  /// The `count` most similar ones, or as many as there are, for features [n,D].
  Found find(const torch::Tensor& features, std::int64_t count) const;

  /// The images that can be found.
  std::int64_t size() const { return size_; }

 private:
  const FeatureSet& among_;
  /// [N] float32: 1 / length of each row; 0 for a broken image.
  torch::Tensor inverse_lengths_;
  std::int64_t size_ = 0;
};

}  // namespace transfer
