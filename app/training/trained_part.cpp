#include "app/training/trained_part.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "app/compute/side_by_side.h"
#include "app/features/feature_store.h"

namespace transfer {
namespace {

/// A batch padded with zeros to kStoreBatch, as the feature store runs it.
torch::Tensor padded(const torch::Tensor& images) {
  auto shape = images.sizes().vec();
  if (shape[0] == kStoreBatch) return images;
  shape[0] = kStoreBatch - shape[0];
  return at::cat({images, at::zeros(shape, images.options())});
}

}  // namespace

torch::Tensor TrainedPart::input_of(const torch::Tensor& images) const {
  if (!prefix) return images;
  if (images.is_cuda()) return prefix->activations(images);
  const std::int64_t count = images.size(0);
  const std::int64_t batches = (count + kStoreBatch - 1) / kStoreBatch;
  std::vector<torch::Tensor> parts(static_cast<std::size_t>(batches));
  run_side_by_side(batches, at::get_num_threads(), [&](std::int64_t batch) {
    const std::int64_t first = batch * kStoreBatch;
    const std::int64_t rows = std::min(kStoreBatch, count - first);
    parts[static_cast<std::size_t>(batch)] =
        prefix->activations(padded(images.narrow(0, first, rows))).narrow(0, 0, rows);
  });
  return at::cat(parts).contiguous();
}

torch::Tensor TrainedPart::logits(const TrainableNetwork& network,
                                  const torch::Tensor& input) const {
  return is_behind_split ? network.logits_behind_split(input) : network.logits(input);
}

}  // namespace transfer
