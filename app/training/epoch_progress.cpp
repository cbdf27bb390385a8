#include "app/training/epoch_progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/compute/gpu_memory.h"
#include "app/compute/tensor_memory.h"
#include "core/quantity_text.h"

namespace transfer {

std::string EpochProgress::title(std::int64_t epoch) const {
  return fmt::format("epoch {} of {}", epoch, epochs_);
}

Work EpochProgress::begin(const TrainingProgress& progress, std::int64_t images,
                          std::int64_t done) {
  epoch_ = Stopwatch();
  images_ = images - done;
  images_per_second_ = 0;
  Work work{title(progress.epoch + 1), images, "images", done, /*tells_end=*/false};
  work.numbers = [this, &progress](double seconds_left) { return numbers(progress, seconds_left); };
  return work;
}

std::vector<ProgressNumber> EpochProgress::numbers(const TrainingProgress& progress,
                                                   double seconds_left) const {
  std::vector<ProgressNumber> numbers;
  if (progress.loss_weight > 0) {
    const double loss = progress.loss_sum / progress.loss_weight;
    numbers.push_back({"train_loss", loss, "loss " + fixed_text(loss)});
  }
  if (const auto epochs_left = static_cast<double>(epochs_ - progress.epoch - 1); epochs_left > 0) {
    // Before the first epoch is over, validation is not counted.
    const double all =
        seconds_left + epochs_left * seconds_per_epoch_.value_or(epoch_.seconds() + seconds_left);
    numbers.push_back({"seconds_left_in_all", all, duration_text(all) + " in all"});
  }
  if (val_score_) {
    numbers.push_back({fmt::format("val_{}", val_score_->name.key), val_score_->value,
                       "val " + val_score_->text()});
  }
  numbers.push_back({"learning_rate", progress.rate, fmt::format("lr {:.3g}", progress.rate)});
  const auto bytes =
      static_cast<double>(peak_gpu_memory_bytes(device_).value_or(resident_memory_bytes()));
  const double megabytes = bytes / (1 << 20);
  numbers.push_back({"memory_mb", megabytes, fmt::format("{:.0f} MB", megabytes)});
  return numbers;
}

void EpochProgress::end_training() {
  images_per_second_ = static_cast<double>(images_) / std::max(epoch_.seconds(), 1e-9);
}

void EpochProgress::end(EpochReport& report) {
  val_score_ = report.val_score;
  report.epoch_seconds = epoch_.seconds();
  report.images_per_second = images_per_second_;
  report.seconds_left = static_cast<double>(epochs_ - report.epoch) * report.epoch_seconds;
  seconds_per_epoch_ = report.epoch_seconds;
}

}  // namespace transfer
