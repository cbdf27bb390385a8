// The part of Trainer that validates the network: after an epoch, before the first, at the end.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "app/features/broken_images.h"
#include "app/training/data_parallel.h"
#include "app/training/metrics.h"
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
  return result;
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
  const auto metrics = measure(step_.loss().objective, val.logits, truth, 1);
  const double val_loss = broadcast_number(*task_.group, loss_of(metrics));
  if (stopping_.is_better(val_loss)) keep_as_best(std::move(val));
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
  report.learning_rate = progress_.rate;
  report.seconds = earlier_.train + clock_.seconds();
  epoch_progress_.end(report);
  if (task_.on_epoch) task_.on_epoch(report);
  const bool is_due =
      config_.train.checkpoint_epochs > 0 && progress_.epoch % config_.train.checkpoint_epochs == 0;
  const bool pauses = task_.pause_after > 0 && progress_.epoch >= task_.pause_after && !is_at_end();
  save_if_agreed(is_due || pauses);
  if (pauses) throw Paused(fmt::format("paused after epoch {}", progress_.epoch));
}

void Trainer::keep_start() {
  auto val = evaluate(EvaluatedSplit::kVal, "val before training");
  note_broken_val(val);
  const Truth truth = truth_of(task_.dataset.val, val.broken);
  const auto metrics = measure(step_.loss().objective, val.logits, truth, 1);
  const double shared = broadcast_number(*task_.group, loss_of(metrics));
  if (goes_on_from_) {
    stopping_.go_on(shared, *goes_on_from_, progress_.epoch);
  } else {
    stopping_.take_start(shared);
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    const EpochReport report{0, kNone, shared, score_of(metrics), 0, clock_.seconds()};
    if (task_.on_epoch) task_.on_epoch(report);
  }
  keep_as_best(std::move(val));
}

}  // namespace transfer
