#include "app/training/training_batches.h"

#include <algorithm>

namespace transfer {

std::vector<std::int64_t> class_labels(const std::vector<Sample>& samples) {
  std::vector<std::int64_t> labels;
  labels.reserve(samples.size());
  for (const Sample& sample : samples) labels.push_back(sample.label);
  return labels;
}

bool images_repeat(const AugmentConfig& augment) {
  const bool mixes = augment.mixup > 0 || augment.cutmix > 0;
  return !mixes && (augment.views > 0 || !changes_images(augment));
}

LoaderOptions training_batches(const Config& config, const Preprocessing& preprocessing,
                               const std::vector<std::int64_t>& labels, std::int64_t threads,
                               std::int64_t epoch) {
  const auto count = static_cast<std::int64_t>(labels.size());
  LoaderOptions options;
  options.preprocessing = preprocessing;
  options.workers = config.data.workers > 0 ? config.data.workers : threads;
  options.seed = static_cast<std::uint64_t>(config.seed);
  options.epoch = static_cast<std::uint64_t>(epoch);
  options.order = epoch_order(labels, config.data.sampler, options.seed, options.epoch);
  options.batches = batch_bounds(count, std::min(config.train.batch_size, count));
  options.augment = config.augment;
  if (config.augment.views > 0) {
    options.epoch %= static_cast<std::uint64_t>(config.augment.views + 1);
    if (options.epoch == 0) options.augment.reset();
  }
  return options;
}

}  // namespace transfer
