#include "app/runs/memory_estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "app/compute/allocator.h"
#include "app/compute/tensor_memory.h"
#include "app/training/training_batches.h"
#include "app/training/training_step.h"
#include "app/training/unfreezing.h"
#include "core/messages.h"
#include "core/quantity_text.h"

namespace transfer {
namespace {

/// For what is not measured, such as oneDNN's own buffers and memory in fragments.
constexpr double kMargin = 1.1;
/// Images of the two measured steps, whose difference is what an image takes. Not one: BatchNorm
/// cannot train on it.
constexpr std::int64_t kFewImages = 2;
constexpr std::int64_t kMoreImages = 6;

double bytes_of(const torch::Tensor& tensor) { return static_cast<double>(tensor.nbytes()); }

/// Puts the network's weights and statistics back when it ends.
class UnchangedState {
 public:
  explicit UnchangedState(const TrainableNetwork& network) : network_(network) {
    for (const auto& [name, tensor] : network.state()) before_.push_back(tensor.clone());
  }
  ~UnchangedState() {
    const torch::NoGradGuard no_gradients;
    const auto state = network_.state();
    for (std::size_t i = 0; i < state.size(); ++i) {
      torch::Tensor target = state[i].second;
      target.copy_(before_[i]);
    }
  }
  UnchangedState(const UnchangedState&) = delete;
  UnchangedState& operator=(const UnchangedState&) = delete;

 private:
  const TrainableNetwork& network_;
  std::vector<torch::Tensor> before_;
};

/// Numbers that the optimizer keeps for each weight.
double optimizer_copies(const TrainConfig& config) {
  switch (config.optimizer) {
    case Optimizer::kAdamW: return 2;
    case Optimizer::kSgd: return 1;
    case Optimizer::kLbfgs: return 0;
  }
  return 0;
}

/// Images per batch that this process computes.
std::int64_t images_at_once(const Preparation& p) {
  const auto images = static_cast<std::int64_t>(p.dataset.train.size());
  return (std::min(p.config.train.batch_size, images) + p.group->size() - 1) / p.group->size();
}

}  // namespace

MemoryEstimate estimate_memory(const Preparation& p, const Loss& loss, TrainableNetwork& network,
                               TrainingInput& input) {
  release_freed_memory();  // or what the next step reuses would count twice
  const auto resident = static_cast<double>(resident_memory_bytes());
  const auto batches =
      training_batches(p.config, p.preprocessing(), class_labels(p.dataset.train), p.threads, 0);
  const std::int64_t most = batches.batches.front().count;
  const UnchangedState unchanged(network);
  TrainingStep step(network, p.config, network.classes(), loss, p.device, input.part());
  step.use_teacher(input.teacher());
  const std::int64_t stages = stage_count(network);
  step.train_from(stages_never_trained(p.config.train, stages));
  double image_bytes = 0;
  const auto peak_of = [&](std::int64_t count) {
    auto options = batches;
    options.batches = {{0, std::min(count, most)}};
    const auto batch = input.read(options)->next();
    image_bytes = bytes_of(batch->images) / static_cast<double>(batch->images.size(0));
    if (batch->teacher_images.defined()) {
      image_bytes +=
          bytes_of(batch->teacher_images) / static_cast<double>(batch->teacher_images.size(0));
    }
    const TensorMemoryMeter meter;
    step.add(*batch, 0);
    step.discard();
    return static_cast<double>(meter.peak_bytes());
  };
  const double few = peak_of(kFewImages);
  const double more = peak_of(kMoreImages);
  const std::int64_t difference = std::min(kMoreImages, most) - std::min(kFewImages, most);
  double weights = 0;
  for (const auto& [name, tensor] : network.parameters()) weights += bytes_of(tensor);

  MemoryEstimate estimate;
  const double step_per_image = difference > 0
                                    ? std::max(more - few, 0.0) / static_cast<double>(difference)
                                    : few / static_cast<double>(most);
  const double step_fixed =
      std::max(few - step_per_image * static_cast<double>(std::min(kFewImages, most)), 0.0);
  estimate.per_image =
      step_per_image + image_bytes * static_cast<double>(batches.queue_batches + 1);
  // Beside what the step itself takes: the best weights, their average, the optimizer's state.
  const double copies = 1 + (p.config.train.ema > 0 ? 1 : 0) + optimizer_copies(p.config.train);
  estimate.fixed = kMargin * (resident + step_fixed + weights * copies);
  estimate.per_image *= kMargin;
  return estimate;
}

std::string memory_warning(const MemoryEstimate& estimate, std::int64_t images, double available) {
  if (estimate.of_batch(images) <= available) return "";
  std::int64_t fitting = 0;
  for (std::int64_t size = 1; size < images; size *= 2) {
    if (estimate.of_batch(size) <= available) fitting = size;
  }
  const std::string remedy =
      fitting == 0 ? "Not even one image at a time fits: freeze the first stages "
                     "(train.freeze_stages), take freeze-conv or a smaller backbone."
                   : fmt::format(
                         "Set train.batch_size={} and train.accumulate={} for the same "
                         "steps in less memory.",
                         fitting, (images + fitting - 1) / fitting);
  return fmt::format(
      "training with batches of {} images is estimated to need {}, and {} may be used. {}", images,
      bytes_text(estimate.of_batch(images)), bytes_text(available), remedy);
}

void warn_of_memory(const Preparation& p, const Loss& loss, TrainableNetwork& network,
                    TrainingInput& input) {
  if (p.device.is_cuda()) return;
  const auto available = static_cast<double>(available_memory_bytes());
  if (available == 0) return;
  const auto estimate = estimate_memory(p, loss, network, input);
  const std::string warning = memory_warning(estimate, images_at_once(p), available);
  if (!warning.empty()) warn("{}", warning);
  constexpr double kMegabyte = 1 << 20;
  note_detail("memory: about {:.0f} MB for training, {:.0f} MB available",
              estimate.of_batch(images_at_once(p)) / kMegabyte, available / kMegabyte);
}

}  // namespace transfer
