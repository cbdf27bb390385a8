// The part of Trainer that validates the network: after an epoch, before the first, at the end.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/features/broken_images.h"
#include "app/training/data_parallel.h"
#include "app/training/metrics.h"
#include "app/training/monitor.h"
#include "app/training/train_score.h"
#include "app/training/trainer.h"
#include "core/cancellation.h"
#include "core/errors.h"

namespace transfer {

void Trainer::note_broken_val(const ImageLogits& val) {
  report_broken(add_broken(val.broken, broken_val_));
  require_few_broken(val.broken, static_cast<std::int64_t>(task_.dataset.val.size()), "val",
                     config_.data.max_broken);
}

ImageLogits Trainer::evaluate(EvaluatedSplit split, const std::string& title) {
  network_.evaluate();
  const Stopwatch clock;
  ProcessGroup& group = *task_.group;
  ImageLogits part;
  int signal = 0;
  try {
    part = task_.input.evaluate(network_, split, title, {group.rank(), group.size()});
  } catch (const Interrupted&) {
    signal = stop_signal();
  }
  throw_if_any_stopped(group, signal);
  ImageLogits result = put_together(group, std::move(part));
  result.logits = step_.loss().target_scaling.in_units(result.logits);
  const auto images = static_cast<double>(std::max<std::int64_t>(result.logits.size(0), 1));
  seconds_per_evaluated_image_ = clock.seconds() / images;
  return result;
}

double Trainer::seconds_to_evaluate(std::size_t images) const {
  const auto count = static_cast<double>(images);
  if (seconds_per_evaluated_image_ > 0) return seconds_per_evaluated_image_ * count;
  if (images_in_steps_ == 0) return 0;
  // A forward pass is a third of a training step's arithmetic; reading the images comes on top.
  return clock_.seconds() / static_cast<double>(images_in_steps_) / 2 * count;
}

void Trainer::require_finite_statistics() const {
  for (const auto& [name, tensor] : network_.state()) {
    const bool is_statistic = name.ends_with("running_mean") || name.ends_with("running_var");
    if (!is_statistic || at::isfinite(tensor).all().item<bool>()) continue;
    throw TrainingError(fmt::format(
        "{} of the network is NaN or infinite after epoch {}: BatchNorm saw too few values or too "
        "large ones. Set train.batch_norm=frozen, a larger train.batch_size or a lower train.lr.",
        name, progress_.epoch + 1));
  }
}

void Trainer::finish_epoch() {
  exchange_broken();
  share_own_state();
  require_finite_statistics();
  EpochReport report;
  report.train_loss = progress_.loss_sum / std::max(progress_.loss_weight, 1e-12);
  report.train_score = score_of_sums(step_.loss().objective, progress_.score_sums);
  std::optional<AverageInPlace> averaged;
  if (average_) averaged.emplace(*average_);
  ImageLogits val;
  try {
    val = evaluate(EvaluatedSplit::kVal, epoch_progress_.title(progress_.epoch + 1) + ", val");
  } catch (const Interrupted&) {
    averaged.reset();
    save_checkpoint();
    task_.group->wait_for_all();  // rank 0 may still be writing
    throw;
  }
  const Truth truth = truth_of(task_.dataset.val, val.broken);
  note_broken_val(val);
  const auto metrics =
      measure(step_.loss().objective, val.logits, truth, measured_for(config_.train.monitor));
  const double val_loss = broadcast_number(*task_.group, loss_of(metrics));
  const double monitored =
      broadcast_number(*task_.group, monitored_value(metrics, config_.train.monitor));
  const bool is_best = stopping_.is_better(monitored);
  if (is_best) keep_as_best(std::move(val));
  if (std::isfinite(val_loss)) hand_out_weights(is_best);
  averaged.reset();
  plateau_.take(val_loss);
  ++progress_.epoch;
  progress_.batch = 0;
  progress_.loss_sum = 0;
  progress_.loss_weight = 0;
  progress_.score_sums.clear();
  step_.set_training_score_sums({});
  report.epoch = progress_.epoch;
  report.val_loss = val_loss;
  report.val_score = score_of(metrics);
  report.val_monitored = further_number(metrics, config_.train.monitor);
  report.learning_rate = progress_.rate;
  report.seconds = earlier_.train + clock_.seconds();
  epoch_progress_.end(report);
  if (task_.on_epoch) task_.on_epoch(report);
  const bool is_due =
      config_.train.checkpoint_epochs > 0 && progress_.epoch % config_.train.checkpoint_epochs == 0;
  // The checkpoint in the middle of the epoch stays: a resumed run trains the whole of it.
  if (is_cut_short_) return;
  const bool pauses = task_.pause_after > 0 && progress_.epoch >= task_.pause_after && !is_at_end();
  save_if_agreed(is_due || pauses,
                 task_.dataset.val.size() + task_.dataset.test.size() + task_.images_afterwards);
  if (pauses && !time_is_up_) throw Paused(fmt::format("paused after epoch {}", progress_.epoch));
}

void Trainer::keep_start() {
  auto val = evaluate(EvaluatedSplit::kVal, "val before training");
  note_broken_val(val);
  const Truth truth = truth_of(task_.dataset.val, val.broken);
  const auto metrics =
      measure(step_.loss().objective, val.logits, truth, measured_for(config_.train.monitor));
  const double monitored =
      broadcast_number(*task_.group, monitored_value(metrics, config_.train.monitor));
  if (goes_on_from_) {
    stopping_.go_on(monitored, *goes_on_from_, progress_.epoch);
  } else {
    stopping_.take_start(monitored);
    const double val_loss = broadcast_number(*task_.group, loss_of(metrics));
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    EpochReport report{0, kNone, val_loss, score_of(metrics), 0, clock_.seconds()};
    report.val_monitored = further_number(metrics, config_.train.monitor);
    if (task_.on_epoch) task_.on_epoch(report);
  }
  keep_as_best(std::move(val));
  hand_out_weights(/*is_best=*/true);
}

void Trainer::hand_out_weights(bool is_best) {
  if (task_.on_weights && task_.group->is_rank0()) task_.on_weights(is_best);
}

}  // namespace transfer
