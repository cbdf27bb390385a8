#include "app/training/scaled_features.h"

#include <algorithm>

#include "app/compute/gpu_memory.h"

namespace transfer {
namespace {

/// Rows that are read and scaled at a time.
constexpr std::int64_t kChunk = 4096;
/// The part of the free memory that the features may take.
constexpr std::int64_t kPart = 4;

std::int64_t bytes_of(const FeatureSet& set) {
  return set.rows() * static_cast<std::int64_t>(set.views.size()) * set.views.front().dimension() *
         static_cast<std::int64_t>(sizeof(float));
}

}  // namespace

ScaledFeatures::ScaledFeatures(const FeatureSet& train, const FeatureScaling& scaling,
                               torch::Device device)
    : train_(train),
      scaling_(scaling),
      device_(device),
      are_kept_(bytes_of(train) <= free_device_memory_bytes(device) / kPart),
      kept_(train.views.size()) {}

torch::Tensor ScaledFeatures::scaled(std::size_t view, std::int64_t first,
                                     std::int64_t count) const {
  return scaling_.apply(train_.views[view].read(first, count)).to(device_);
}

torch::Tensor ScaledFeatures::computed(std::size_t view, std::int64_t first,
                                       std::int64_t count) const {
  const auto features = scaled(view, first, count);
  return basis_.defined() ? features.matmul(basis_) : features;
}

void ScaledFeatures::turn_to(const torch::Tensor& basis) {
  basis_ = basis;
  kept_.assign(kept_.size(), {});
}

torch::Tensor ScaledFeatures::rows(std::size_t view, std::int64_t first, std::int64_t count) {
  if (!are_kept_) return computed(view, first, count);
  torch::Tensor& whole = kept_[view];
  if (!whole.defined()) {
    whole = torch::empty(
        {train_.rows(), basis_.defined() ? basis_.size(1) : train_.views[view].dimension()},
        torch::TensorOptions(torch::kFloat32).device(device_));
    for (std::int64_t begin = 0; begin < train_.rows(); begin += kChunk) {
      const std::int64_t chunk = std::min(kChunk, train_.rows() - begin);
      whole.narrow(0, begin, chunk).copy_(computed(view, begin, chunk));
    }
  }
  return whole.narrow(0, first, count);
}

}  // namespace transfer
