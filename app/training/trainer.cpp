#include "app/training/trainer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/optim/optimizer.h>

#include <cmath>

#include "app/features/broken_pictures.h"
#include "app/report/progress.h"
#include "app/training/metrics.h"
#include "app/training/training_batches.h"
#include "app/training/unfreezing.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/random.h"

namespace transfer {
namespace {

/// Times that `on_nonfinite: retry` goes back, each time to half the rate.
constexpr std::int64_t kMostRetries = 3;
constexpr double kRetryFactor = 0.5;

std::int64_t stage_count(const TrainableNetwork& network) {
  return std::max<std::int64_t>(static_cast<std::int64_t>(network.stages().size()), 1);
}

/// The configuration with rate, warm-up and freezing as this run will have them.
Config fitted(const Config& config, std::int64_t stages) {
  Config result = config;
  result.train = fitted_to_epochs(config.train, stages);
  result.train.lr = batch_scaled_rate(config.train);
  return result;
}

std::int64_t class_count(const TrainingTask& task) {
  return static_cast<std::int64_t>(task.dataset.classes.size());
}

}  // namespace

Trainer::Trainer(TrainableNetwork& network, TrainingTask task)
    : network_(network),
      task_(std::move(task)),
      config_(fitted(task_.config, stage_count(network))),
      labels_(class_labels(task_.dataset.train)),
      step_(network, config_, class_count(task_), task_.loss, task_.device, task_.input.part()),
      stopping_(config_.train.patience, config_.train.min_delta),
      plateau_(config_.train) {
  if (config_.train.ema > 0) {
    average_ = std::make_unique<WeightAverage>(step_.parameters(), config_.train.ema);
  }
  step_.use_replicas(config_.train.replicas.value_or(1));
  progress_.threads = task_.threads;
  progress_.replicas = config_.train.replicas.value_or(1);
  know_broken(task_.known_broken);
}

void Trainer::know_broken(std::vector<BrokenPicture> broken) {
  broken_ = std::move(broken);
  for (const BrokenPicture& picture : broken_) seen_broken_.insert(picture.sample);
}

TrainingOutcome Trainer::run() {
  if (progress_.epoch == 0 && progress_.batch == 0) {
    if (task_.start_counts && best_.empty()) keep_start();
    save_checkpoint();
  }
  while (!is_at_end()) {
    const std::int64_t retries = progress_.retries;
    train_one_epoch();
    if (progress_.retries == retries) finish_epoch();
  }
  if (best_.empty()) {
    throw TrainingError(
        "the validation loss was not a number after any epoch. Lower train.lr or set "
        "train.clip_norm.");
  }
  torch::NoGradGuard no_gradients;
  const auto state = network_.state();
  for (std::size_t i = 0; i < state.size(); ++i) {
    torch::Tensor target = state[i].second;
    target.copy_(best_[i]);
  }
  return {stopping_.best_epoch(), progress_.epoch, broken_};
}

bool Trainer::is_at_end() const {
  return progress_.epoch >= config_.train.epochs || stopping_.should_stop();
}

void Trainer::train_one_epoch() {
  LoaderOptions options =
      training_batches(config_, task_.preprocessing, labels_, task_.threads, progress_.epoch);
  const std::vector<BatchBounds> bounds = options.batches;
  const auto count = static_cast<std::int64_t>(bounds.size());
  if (progress_.batch >= count) return;  // stopped while it was being validated
  options.batches.assign(bounds.begin() + progress_.batch, bounds.end());
  step_.train_from(first_trainable_stage(config_.train, progress_.epoch, stage_count(network_)));
  const auto reader = task_.input.read(options);
  Progress bar(fmt::format("epoch {} of {}", progress_.epoch + 1, config_.train.epochs),
               static_cast<std::int64_t>(labels_.size()), "pictures");
  if (progress_.batch > 0) bar.advance(options.batches.front().first);
  for (std::int64_t index = progress_.batch; index < count; ++index) {
    const auto batch = reader->next();
    note_broken(*batch);
    const auto loss =
        step_.add(*batch, mix_seed({options.seed, static_cast<std::uint64_t>(progress_.epoch),
                                    static_cast<std::uint64_t>(index)}));
    if (!std::isfinite(loss.sum)) {
      go_back(*batch);
      return;
    }
    progress_.loss_sum += loss.sum;
    progress_.loss_weight += loss.weight;
    if ((index + 1) % config_.train.accumulate == 0 || index + 1 == count)
      take_step(index + 1, count);
    bar.advance(batch->count);
  }
  bar.finish();
}

void Trainer::take_step(std::int64_t batch, std::int64_t batches) {
  progress_.rate = learning_rate(static_cast<double>(progress_.epoch) +
                                 static_cast<double>(batch - 1) / static_cast<double>(batches));
  step_.finish(progress_.rate);
  if (average_) average_->update();
  progress_.batch = batch;
  const double minutes = (clock_.seconds() - last_saved_) / 60.0;
  const bool is_due =
      config_.train.checkpoint_minutes > 0 && minutes >= config_.train.checkpoint_minutes;
  if (stop_signal() != 0 || is_due) save_checkpoint();
  throw_if_stopped();
}

void Trainer::note_broken(const Batch& batch) {
  for (const BrokenPicture& picture : batch.broken) {
    if (!seen_broken_.insert(picture.sample).second) continue;
    report_broken({picture});
    broken_.push_back(picture);
    require_few_broken(broken_, static_cast<std::int64_t>(labels_.size()), "train",
                       config_.data.max_broken);
  }
}

double Trainer::learning_rate(double epoch) const {
  return learning_rate_at(config_.train, epoch) * plateau_.factor() * progress_.rate_factor;
}

PictureLogits Trainer::evaluate(const std::vector<Sample>& samples, const std::string& title) {
  network_.evaluate();
  PictureLogits result = task_.input.evaluate(network_, samples, title);
  result.logits = step_.loss().target_scaling.in_units(result.logits);
  return result;
}

void Trainer::finish_epoch() {
  const double train_loss = progress_.loss_sum / std::max(progress_.loss_weight, 1e-12);
  std::optional<AverageInPlace> averaged;
  if (average_) averaged.emplace(*average_);
  PictureLogits val;
  try {
    val = evaluate(task_.dataset.val, "val");
  } catch (const Interrupted&) {
    averaged.reset();
    save_checkpoint();
    throw;
  }
  const Truth truth = truth_of(task_.dataset.val, val.broken);
  if (progress_.epoch == 0) {
    report_broken(val.broken);
    require_few_broken(val.broken, truth.rows(), "val", config_.data.max_broken);
  }
  const auto metrics = measure(step_.loss().objective, val.logits, truth, 1);
  const double val_loss = loss_of(metrics);
  if (stopping_.is_better(val_loss)) keep_as_best();
  averaged.reset();
  plateau_.take(val_loss);
  ++progress_.epoch;
  progress_.batch = 0;
  progress_.loss_sum = 0;
  progress_.loss_weight = 0;
  const EpochReport report{progress_.epoch,   train_loss,     val_loss,
                           score_of(metrics), progress_.rate, seconds_before_ + clock_.seconds()};
  if (task_.on_epoch) task_.on_epoch(report);
  const bool is_due =
      config_.train.checkpoint_epochs > 0 && progress_.epoch % config_.train.checkpoint_epochs == 0;
  const bool pauses = task_.pause_after > 0 && progress_.epoch >= task_.pause_after && !is_at_end();
  if (is_due || pauses || stop_signal() != 0) save_checkpoint();
  throw_if_stopped();
  if (pauses) throw Paused(fmt::format("paused after epoch {}", progress_.epoch));
}

void Trainer::keep_start() {
  const auto val = evaluate(task_.dataset.val, "val before training");
  const Truth truth = truth_of(task_.dataset.val, val.broken);
  stopping_.take_start(loss_of(measure(step_.loss().objective, val.logits, truth, 1)));
  keep_as_best();
}

void Trainer::keep_as_best() {
  const auto state = network_.state();
  best_.clear();
  for (const auto& [name, tensor] : state) best_.push_back(tensor.detach().cpu().clone());
  write_tensors(task_.best_weights, state);
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
  progress_.stopping = stopping_.state();
  progress_.plateau = plateau_.state();
  progress_.scaler = step_.scaler().state();
  progress_.average_updates = average_ ? average_->updates() : 0;
  progress_.seconds = seconds_before_ + clock_.seconds();
  progress_.broken = broken_;
  write_checkpoint(task_.checkpoint, checkpoint_tensors(), step_.optimizer(), progress_);
  last_saved_ = clock_.seconds();
}

void Trainer::load_checkpoint() {
  const NamedTensors tensors = checkpoint_tensors();
  progress_ = read_checkpoint(task_.checkpoint, tensors, step_.optimizer());
  stopping_.restore(progress_.stopping);
  plateau_.restore(progress_.plateau);
  step_.scaler().restore(progress_.scaler);
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
  seconds_before_ = progress_.seconds;
  if (progress_.threads != task_.threads) {
    fmt::print(stderr,
               "warning: the run was begun with {} threads and goes on with {}; its numbers will "
               "differ in the last digits from those of a run that was never stopped.\n",
               progress_.threads, task_.threads);
  }
  if (task_.device.is_cpu()) step_.use_replicas(progress_.replicas);
  if (std::isfinite(stopping_.state().best_loss)) {
    NamedTensors best;
    for (const auto& [name, tensor] : network_.state()) {
      best_.push_back(torch::empty_like(tensor, tensor.options().device(torch::kCPU)));
      best.emplace_back(name, best_.back());
    }
    read_tensors(task_.best_weights, best);
  }
  return progress_.epoch;
}

void Trainer::go_back(const Batch& batch) {
  std::vector<std::string> names;
  for (const auto sample : batch.samples) {
    names.push_back(task_.dataset.train[static_cast<std::size_t>(sample)].path);
  }
  const std::string what =
      fmt::format("the loss is no longer a number in epoch {}, at the pictures {}",
                  progress_.epoch + 1, fmt::join(names, ", "));
  if (config_.train.on_nonfinite != "retry" || progress_.retries >= kMostRetries) {
    throw TrainingError(
        fmt::format("{}. The last good state is {}. Lower train.lr, set train.clip_norm, or let "
                    "the training go back by itself with train.on_nonfinite: retry.",
                    what, task_.checkpoint.string()));
  }
  const std::int64_t retries = progress_.retries + 1;
  const double factor = progress_.rate_factor * kRetryFactor;
  step_.discard();
  load_checkpoint();
  progress_.retries = retries;
  progress_.rate_factor = factor;
  fmt::print(stderr, "warning: {}. Going back to epoch {} with {} times the learning rate.\n", what,
             progress_.epoch + 1, factor);
}

}  // namespace transfer
