#include "app/training/trainer.h"

#include <fmt/format.h>

#include <cmath>
#include <span>

#include "app/features/broken_images.h"
#include "app/training/batch_prefetch.h"
#include "app/training/data_parallel.h"
#include "app/training/metrics.h"
#include "app/training/monitor.h"
#include "app/training/training_batches.h"
#include "app/training/unfreezing.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/random.h"

namespace transfer {
namespace {

/// The configuration with learning rate, warm-up and freezing adjusted to this run.
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
      batch_copies_(copy_stream_for(task_.device)),
      stopping_(config_.train.patience, config_.train.min_delta),
      plateau_(config_.train),
      epoch_progress_(config_.train.epochs, task_.device),
      time_limit_(config_.train.time_limit, task_.since_start) {
  if (config_.train.ema > 0) {
    average_ = std::make_unique<WeightAverage>(step_.parameters(), config_.train.ema);
  }
  step_.use_teacher(task_.input.teacher());
  step_.use_l2_sp(task_.l2_sp);
  step_.use_replicas(config_.train.replicas.value_or(1));
  constexpr double kMegabyte = 1 << 20;
  step_.use_group(*task_.group, static_cast<std::int64_t>(config_.train.bucket_mb * kMegabyte));
  progress_.threads = task_.threads;
  progress_.replicas = config_.train.replicas.value_or(1);
  know_broken(task_.known_broken);
}

void Trainer::know_broken(std::vector<BrokenImage> broken) {
  broken_ = std::move(broken);
  for (const BrokenImage& image : broken_) seen_broken_.insert(image.sample);
}

TrainingOutcome Trainer::run() {
  share_state(*task_.group, network_, BatchNormBuffers::kRank0, 0);
  if (progress_.epoch == 0 && progress_.batch == 0) {
    if (task_.start_counts && best_.empty()) keep_start();
    save_checkpoint();
  }
  if (goes_on_from_) {
    keep_start();
    save_checkpoint();
    if (task_.on_going_on && task_.group->is_rank0()) task_.on_going_on();
  }
  while (!is_at_end()) {
    const std::int64_t retries = progress_.retries;
    train_one_epoch();
    if (progress_.retries == retries) finish_epoch();
  }
  if (best_.empty()) {
    throw TrainingError(
        "the validation loss was NaN or infinite after every epoch. Lower train.lr or set "
        "train.clip_norm.");
  }
  torch::NoGradGuard no_gradients;
  const auto state = network_.state();
  for (std::size_t i = 0; i < state.size(); ++i) {
    torch::Tensor target = state[i].second;
    target.copy_(best_[i]);
  }
  return {stopping_.best_epoch(),
          progress_.epoch,
          batches_done_,
          seconds_in_steps_,
          step_.reduction_cost(),
          broken_,
          broken_val_,
          earlier_,
          end(),
          std::move(best_val_)};
}

Shard Trainer::shard() const {
  const bool needs_two = config_.train.batch_norm == BatchNorm::kTrain;
  return {task_.group->rank(), task_.group->size(), needs_two ? 2 : 1};
}

bool Trainer::is_at_end() const {
  return progress_.epoch >= config_.train.epochs || stopping_.should_stop() || time_is_up_;
}

TrainingEnd Trainer::end() const {
  if (!is_cut_short_ && progress_.epoch >= config_.train.epochs) return TrainingEnd::kEpochs;
  if (!is_cut_short_ && stopping_.should_stop()) return TrainingEnd::kPatience;
  return TrainingEnd::kTimeLimit;
}

void Trainer::train_one_epoch() {
  LoaderOptions options =
      training_batches(config_, task_.preprocessing, labels_, task_.threads, progress_.epoch);
  const std::vector<BatchBounds> bounds = options.batches;
  const auto count = static_cast<std::int64_t>(bounds.size());
  if (progress_.batch >= count) return;  // stopped during validation
  options.batches.assign(bounds.begin() + progress_.batch, bounds.end());
  step_.train_from(first_trainable_stage(config_.train, progress_.epoch, stage_count(network_)));
  options.pin_memory = task_.device.is_cuda();
  BatchPrefetch reader(read_shard(task_.input, options, shard()),
                       batch_copies_ ? &*batch_copies_ : nullptr);
  const auto bar = begin_progress(epoch_progress_.begin(
      progress_, static_cast<std::int64_t>(labels_.size()), options.batches.front().first));
  for (std::int64_t index = progress_.batch; index < count; ++index) {
    if (!add_batch(*reader.next(), index, count)) return;
    bar->advance(bounds[static_cast<std::size_t>(index)].count);
    if (time_is_up_) break;
  }
  is_cut_short_ = progress_.batch < count;
  bar->finish();
  epoch_progress_.end_training();
}

bool Trainer::add_batch(const Batch& batch, std::int64_t index, std::int64_t batches) {
  note_broken(batch);
  const Stopwatch clock;
  const bool is_last = (index + 1) % config_.train.accumulate == 0 || index + 1 == batches;
  const std::uint64_t seed =
      mix_seed({static_cast<std::uint64_t>(config_.seed),
                static_cast<std::uint64_t>(progress_.epoch), static_cast<std::uint64_t>(index)});
  const auto rank = static_cast<std::uint64_t>(task_.group->rank());
  const auto loss = step_.add(batch, rank == 0 ? seed : mix_seed({seed, rank}), is_last);
  if (!std::isfinite(loss.sum)) {
    go_back(batch);
    return false;
  }
  images_since_shared_ += batch.count;
  images_in_steps_ += batch.count;
  progress_.loss_sum += loss.sum;
  progress_.loss_weight += loss.weight;
  seconds_in_steps_ += clock.seconds();
  if (is_last) take_step(index + 1, batches);
  return true;
}

void Trainer::take_step(std::int64_t batch, std::int64_t batches) {
  const Stopwatch clock;
  const auto count = static_cast<double>(batches);
  progress_.rate = learning_rate(
      static_cast<double>(progress_.epoch) + static_cast<double>(batch - 1) / count, 1 / count);
  step_.finish(progress_.rate);
  if (average_) average_->update();
  seconds_in_steps_ += clock.seconds();
  progress_.batch = batch;
  batches_done_ = progress_.epoch * batches + batch;
  const double minutes = (clock_.seconds() - last_saved_) / 60.0;
  const bool is_due =
      config_.train.checkpoint_minutes > 0 && minutes >= config_.train.checkpoint_minutes;
  // The epoch's own validation, and the evaluation of the result.
  save_if_agreed(
      is_due, 2 * task_.dataset.val.size() + task_.dataset.test.size() + task_.images_afterwards);
}

void Trainer::save_if_agreed(bool is_due, std::size_t images_to_evaluate) {
  const std::int64_t stop = config_.train.stop_batch;
  const bool is_late = time_limit_.is_up(seconds_to_evaluate(images_to_evaluate)) ||
                       (stop > 0 && batches_done_ >= stop);
  const Agreement agreement = agree(*task_.group, stop_signal(), is_due, is_late);
  time_is_up_ = agreement.time_is_up;
  if (agreement.saves) {
    exchange_broken();
    share_own_state();
    save_checkpoint();
  }
  if (agreement.signal == 0) return;
  task_.group->wait_for_all();  // rank 0 may still be writing
  throw_stopped(agreement.signal);
}

void Trainer::share_own_state() {
  share_state(*task_.group, network_, config_.train.batch_norm_buffers, images_since_shared_);
  images_since_shared_ = 0;
  progress_.score_sums = step_.training_score_sums();
  if (task_.group->size() > 1) task_.group->sum(std::span<double>(progress_.score_sums));
}

void Trainer::note_broken(const Batch& batch) {
  for (const BrokenImage& image : batch.broken) {
    if (!seen_broken_.contains(image.sample)) newly_broken_.push_back(image);
  }
  if (task_.group->size() == 1 && !newly_broken_.empty()) exchange_broken();
}

void Trainer::exchange_broken() {
  for (const BrokenImage& image : gather_broken(*task_.group, newly_broken_)) {
    if (!seen_broken_.insert(image.sample).second) continue;
    report_broken({image});
    broken_.push_back(image);
    require_few_broken(broken_, static_cast<std::int64_t>(labels_.size()), "train",
                       config_.data.max_broken);
  }
  newly_broken_.clear();
}

double Trainer::learning_rate(double epoch, double step) const {
  return learning_rate_at(config_.train, epoch, step) * plateau_.factor() * progress_.rate_factor;
}

}  // namespace transfer
