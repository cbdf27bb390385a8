#include "app/training/stored_input.h"

#include <algorithm>

#include "app/compute/side_by_side.h"

namespace transfer {
namespace {

/// Batches of stored rows.
class StoredReader : public BatchReader {
 public:
  StoredReader(const FeatureSet& set, LoaderOptions options)
      : set_(set),
        view_(set.views[static_cast<std::size_t>(options.epoch) % set.views.size()]),
        options_(std::move(options)) {}

  std::optional<Batch> next() override {
    if (next_ == options_.batches.size()) return std::nullopt;
    const BatchBounds& bounds = options_.batches[next_++];
    Batch batch;
    batch.first = bounds.first;
    batch.count = bounds.count;
    const auto begin = options_.order.begin() + bounds.first;
    batch.samples.assign(begin, begin + bounds.count);
    batch.images = view_.gather(batch.samples);
    const Truth truth = set_.truth().select(torch::tensor(batch.samples));
    batch.labels = truth.labels;
    batch.targets = truth.targets;
    for (const BrokenImage& image : set_.broken) {
      if (std::find(begin, begin + bounds.count, image.sample) != begin + bounds.count) {
        batch.broken.push_back(image);
      }
    }
    return batch;
  }

 private:
  const FeatureSet& set_;
  const FeatureTable& view_;
  LoaderOptions options_;
  std::size_t next_ = 0;
};

}  // namespace

StoredInput::StoredInput(FeatureStore store, const Dataset& dataset, std::int64_t augmented_views,
                         std::int64_t threads)
    : dataset_(dataset),
      store_(std::move(store)),
      part_{/*is_behind_split=*/true},
      train_(store_.extract(dataset.train, "train", augmented_views, /*names_broken=*/false)),
      threads_(threads) {
  features_of(EvaluatedSplit::kVal, "val");
}

std::unique_ptr<BatchReader> StoredInput::read(const LoaderOptions& epoch) {
  return std::make_unique<StoredReader>(train_, epoch);
}

const FeatureSet& StoredInput::features_of(EvaluatedSplit split, const std::string& title) {
  const auto found = evaluated_.find(split);
  if (found != evaluated_.end()) return found->second;
  auto features = store_.extract(images_of(dataset_, split), title, 0, /*names_broken=*/false);
  return evaluated_.emplace(split, std::move(features)).first->second;
}

ImageLogits StoredInput::evaluate(const TrainableNetwork& network, EvaluatedSplit split,
                                  const std::string& title, const EvaluationPart& part) {
  const FeatureSet& set = features_of(split, title);
  const FeatureTable& table = set.views.front();
  const std::int64_t size = evaluation_batch(table.rows());
  ImageLogits result{torch::zeros({table.rows(), network.classes()}), set.broken};
  const auto own = part.batches((table.rows() + size - 1) / size);
  run_side_by_side(network.device(), own.count, threads_, [&](std::int64_t i) {
    const torch::NoGradGuard no_gradients;
    const std::int64_t first = (own.first + i) * size;
    const std::int64_t rows = std::min(size, table.rows() - first);
    auto input = table.read(first, rows);
    if (rows < size) {
      auto shape = input.sizes().vec();
      shape[0] = size - rows;
      input = at::cat({input, at::zeros(shape)});
    }
    const auto logits = part_.logits(network, input).to(torch::kCPU);
    result.logits.narrow(0, first, rows).copy_(logits.narrow(0, 0, rows));
  });
  for (const BrokenImage& image : set.broken) result.logits[image.sample].zero_();
  return result;
}

}  // namespace transfer
