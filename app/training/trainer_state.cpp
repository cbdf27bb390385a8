// The part of Trainer that saves and restores state: checkpoints and the best weights.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/optim/optimizer.h>

#include <cmath>

#include "app/training/data_parallel.h"
#include "app/training/trainer.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/messages.h"

namespace transfer {
namespace {

/// Times that `on_nonfinite: retry` goes back, each time with half the learning rate.
constexpr std::int64_t kMostRetries = 3;
constexpr double kRetryFactor = 0.5;

/// What to do about a loss that is not finite.
const char* remedy_of_nonfinite(const Config& config, const Batch& batch) {
  if (batch.count == 1 && config.train.batch_norm == BatchNorm::kTrain) {
    return "BatchNorm cannot normalise a batch of one image. Set train.batch_size to 2 or more, or "
           "train.batch_norm: frozen.";
  }
  return "Lower train.lr, set train.clip_norm, or set train.on_nonfinite: retry to go back "
         "automatically.";
}

}  // namespace

void Trainer::keep_as_best(ImageLogits val) {
  best_val_ = std::move(val);
  const auto state = network_.state();
  best_.clear();
  NamedTensors copies;
  for (const auto& [name, tensor] : state) {
    best_.push_back(tensor.detach().to(torch::kCPU, /*non_blocking=*/false, /*copy=*/true));
    copies.emplace_back(name, best_.back());
  }
  // The best weights on the disk belong to the checkpoint, which is of before a cut.
  if (task_.group->is_rank0() && !is_cut_short_) {
    write_tensors(task_.best_weights, copies, task_.identity);
  }
}

NamedTensors Trainer::checkpoint_tensors() {
  NamedTensors tensors = network_.state();
  if (!average_) return tensors;
  const auto state = average_->state();
  for (std::size_t i = 0; i < state.average.size(); ++i) {
    tensors.emplace_back(fmt::format("average.{}", i), state.average[i]);
  }
  return tensors;
}

void Trainer::save_checkpoint() {
  last_saved_ = clock_.seconds();
  if (!task_.group->is_rank0()) return;
  progress_.stopping = stopping_.state();
  progress_.plateau = plateau_.state();
  progress_.scaler = step_.scaler().state();
  progress_.average_updates = average_ ? average_->updates() : 0;
  progress_.seconds = {earlier_.total + task_.since_start.seconds(),
                       earlier_.extract + task_.seconds_extract, earlier_.train + clock_.seconds()};
  progress_.device = task_.device.str();
  progress_.broken = broken_;
  progress_.broken_val = broken_val_;
  const Stopwatch clock;
  write_checkpoint(task_.checkpoint, checkpoint_tensors(), step_.optimizer(), progress_,
                   task_.identity);
  note_detail("{}: written in {:.2f} s", task_.checkpoint.string(), clock.seconds());
}

void Trainer::load_checkpoint() {
  task_.group->wait_for_all();  // rank 0 may still be writing
  const NamedTensors tensors = checkpoint_tensors();
  progress_ = read_checkpoint(task_.checkpoint, tensors, step_.optimizer(), task_.identity);
  stopping_.restore(progress_.stopping);
  plateau_.restore(progress_.plateau);
  step_.scaler().restore(progress_.scaler);
  // Of all processes, so that one alone goes on with them.
  step_.set_training_score_sums(task_.group->is_rank0() ? progress_.score_sums
                                                        : std::vector<double>());
  if (average_) {
    WeightAverageState state;
    state.updates = progress_.average_updates;
    for (std::size_t i = network_.state().size(); i < tensors.size(); ++i) {
      state.average.push_back(tensors[i].second);
    }
    average_->restore(state);
  }
}

std::int64_t Trainer::resume() {
  load_checkpoint();
  know_broken(progress_.broken);
  broken_val_ = progress_.broken_val;
  earlier_ = progress_.seconds;
  if (progress_.threads != task_.threads) {
    warn(
        "the run was started with {} and resumes with {}; its results will differ in the last "
        "digits from those of an uninterrupted run.",
        count_text(static_cast<std::size_t>(progress_.threads), "thread"), task_.threads);
  }
  const std::string& device = progress_.device;
  if (!device.empty() && torch::Device(device).type() != task_.device.type()) {
    warn(
        "the run was started on {} and resumes on {}; its results will differ in the last digits "
        "from those of an uninterrupted run.",
        device, task_.device.str());
  }
  const bool may_copy = task_.device.is_cpu() && task_.group->size() == 1;
  if (may_copy) step_.use_replicas(progress_.replicas);
  if (std::isfinite(stopping_.state().best)) {
    NamedTensors best;
    for (const auto& [name, tensor] : network_.state()) {
      best_.push_back(torch::empty_like(tensor, tensor.options().device(torch::kCPU)));
      best.emplace_back(name, best_.back());
    }
    read_tensors(task_.best_weights, best, task_.identity);
  }
  return progress_.epoch;
}

void Trainer::go_on(std::int64_t epochs, std::int64_t best_epoch, const RunSeconds& seconds) {
  earlier_ = seconds;
  progress_.epoch = epochs;
  goes_on_from_ = best_epoch;
}

void Trainer::go_back(const Batch& batch) {
  std::vector<std::string> names;
  for (const auto sample : batch.samples) {
    names.push_back(task_.dataset.train[static_cast<std::size_t>(sample)].path);
  }
  names = task_.group->gather(fmt::format("{}", fmt::join(names, ", ")));
  std::erase(names, "");
  const std::string what = fmt::format("the loss is NaN or infinite in epoch {}, at the images {}",
                                       progress_.epoch + 1, fmt::join(names, ", "));
  if (config_.train.on_nonfinite != OnNonfinite::kRetry || progress_.retries >= kMostRetries) {
    throw TrainingError(fmt::format("{}. The last good state is {}. {}", what,
                                    task_.checkpoint.string(),
                                    remedy_of_nonfinite(config_, batch)));
  }
  const std::int64_t retries = progress_.retries + 1;
  const double factor = progress_.rate_factor * kRetryFactor;
  step_.discard();
  const EarlyStoppingState abandoned = stopping_.state();
  load_checkpoint();
  images_since_shared_ = 0;
  stopping_.keep_best_of(abandoned);  // its weights may be later than the checkpoint
  progress_.retries = retries;
  progress_.rate_factor = factor;
  warn("{}. Going back to epoch {} with {} times the learning rate.", what, progress_.epoch + 1,
       factor);
}

}  // namespace transfer
