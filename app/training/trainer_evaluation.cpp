// The part of Trainer that evaluates the network while it trains.

#include <algorithm>

#include "app/features/broken_images.h"
#include "app/training/data_parallel.h"
#include "app/training/metrics.h"
#include "app/training/monitor.h"
#include "app/training/trainer.h"
#include "core/cancellation.h"
#include "core/errors.h"

namespace transfer {

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

void Trainer::note_broken_val(const ImageLogits& val) {
  report_broken(add_broken(val.broken, broken_val_));
  require_few_broken(val.broken, static_cast<std::int64_t>(task_.dataset.val.size()), "val",
                     config_.data.max_broken);
}

void Trainer::keep_start() {
  const auto val = evaluate(EvaluatedSplit::kVal, "val before training");
  note_broken_val(val);
  const Truth truth = truth_of(task_.dataset.val, val.broken);
  const double monitored =
      monitored_value(measure(step_.loss().objective, val.logits, truth, 1), config_.train.monitor);
  const double shared = broadcast_number(*task_.group, monitored);
  if (goes_on_from_) {
    stopping_.go_on(shared, *goes_on_from_, progress_.epoch);
  } else {
    stopping_.take_start(shared);
  }
  keep_as_best();
  hand_out_weights(/*is_best=*/true);
}

}  // namespace transfer
