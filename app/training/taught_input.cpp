#include "app/training/taught_input.h"

#include <utility>

#include "app/features/model_logits.h"
#include "app/training/data_parallel.h"
#include "app/training/training_batches.h"

namespace transfer {
namespace {

/// Adds rows of the teacher's kept logits.
class KeptAnswers : public BatchReader {
 public:
  KeptAnswers(std::unique_ptr<BatchReader> batches, torch::Tensor logits)
      : batches_(std::move(batches)), logits_(std::move(logits)) {}

  std::optional<Batch> next() override {
    auto batch = batches_->next();
    if (batch) batch->teacher_logits = logits_.index_select(0, torch::tensor(batch->samples));
    return batch;
  }

 private:
  std::unique_ptr<BatchReader> batches_;
  torch::Tensor logits_;
};

/// Adds the same images as the teacher is to see them.
class TwofoldReader : public BatchReader {
 public:
  TwofoldReader(std::unique_ptr<BatchReader> batches, const std::vector<Sample>& samples,
                const LoaderOptions& for_teacher)
      : batches_(std::move(batches)), loader_(samples, for_teacher) {}

  std::optional<Batch> next() override {
    auto batch = batches_->next();
    if (batch) batch->teacher_images = loader_.next().value().images;
    return batch;
  }

 private:
  std::unique_ptr<BatchReader> batches_;
  Loader loader_;
};

/// The teacher's logits for all images as they are (`view` 0) or changed at random.
torch::Tensor logits_of_view(const Teacher& teacher, const std::vector<Sample>& samples,
                             const Config& config, std::int64_t view, ImagePass pass,
                             ProcessGroup& group) {
  pass.samples = samples;
  pass.loader.preprocessing = teacher.preprocessing();
  pass.loader.seed = static_cast<std::uint64_t>(config.seed);
  pass.loader.epoch = static_cast<std::uint64_t>(view);
  if (view > 0) pass.loader.augment = config.augment;
  const auto classes = static_cast<std::int64_t>(teacher.metadata().classes.size());
  return put_together(group, image_logits(std::move(pass), classes,
                                          [&teacher](const torch::Tensor& images) {
                                            return teacher.logits(images);
                                          },
                                          {group.rank(), group.size()}))
      .logits;
}

}  // namespace

TaughtInput::TaughtInput(std::unique_ptr<TrainingInput> input,
                         std::shared_ptr<const Teacher> teacher, const Dataset& dataset,
                         const Config& config, torch::Device device, std::int64_t threads,
                         ProcessGroup& group)
    : input_(std::move(input)), teacher_(std::move(teacher)), dataset_(dataset) {
  if (!images_repeat(config.augment)) return;
  ImagePass pass;
  pass.device = device;
  pass.threads = threads;
  pass.title = "teacher";
  for (std::int64_t view = 0; view <= config.augment.views; ++view) {
    views_.push_back(logits_of_view(*teacher_, dataset.train, config, view, pass, group));
  }
}

std::unique_ptr<BatchReader> TaughtInput::read(const LoaderOptions& epoch) {
  auto batches = input_->read(epoch);
  if (!views_.empty()) {
    const auto view = static_cast<std::size_t>(epoch.epoch) % views_.size();
    return std::make_unique<KeptAnswers>(std::move(batches), views_[view]);
  }
  LoaderOptions for_teacher = epoch;
  for_teacher.preprocessing = teacher_->preprocessing();
  for_teacher.pin_memory = false;
  return std::make_unique<TwofoldReader>(std::move(batches), dataset_.train, for_teacher);
}

}  // namespace transfer
