#include "app/training/trained_part.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "app/compute/side_by_side.h"
#include "app/features/feature_store.h"

namespace transfer {
namespace {

/// A batch padded with zeros to `size`, as the feature store runs it.
torch::Tensor padded(const torch::Tensor& images, std::int64_t size) {
  auto shape = images.sizes().vec();
  if (shape[0] == size) return images;
  shape[0] = size - shape[0];
  return at::cat({images, at::zeros(shape, images.options())});
}

}  // namespace

torch::Tensor TrainedPart::input_of(const torch::Tensor& images) const {
  if (!prefix) return images;
  const torch::Device device = prefix->device();
  const std::int64_t size = store_batch(device);
  const std::int64_t count = images.size(0);
  const std::int64_t batches = (count + size - 1) / size;
  std::vector<torch::Tensor> parts(static_cast<std::size_t>(batches));
  run_side_by_side(device, batches, at::get_num_threads(), [&](std::int64_t batch) {
    const std::int64_t first = batch * size;
    const std::int64_t rows = std::min(size, count - first);
    parts[static_cast<std::size_t>(batch)] =
        prefix->activations(padded(images.narrow(0, first, rows), size)).narrow(0, 0, rows);
  });
  return at::cat(parts).contiguous();
}

torch::Tensor TrainedPart::logits(const TrainableNetwork& network,
                                  const torch::Tensor& input) const {
  return is_behind_split ? network.logits_behind_split(input) : network.logits(input);
}

}  // namespace transfer
