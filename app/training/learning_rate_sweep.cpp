#include "app/training/learning_rate_sweep.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/compute/device_copies.h"
#include "app/training/batch_prefetch.h"
#include "app/training/schedule.h"
#include "app/training/training_batches.h"
#include "app/training/training_step.h"
#include "app/training/unfreezing.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/random.h"

namespace transfer {

LearningRateCurve sweep_learning_rates(TrainableNetwork& network, TrainingInput& input,
                                       const TrainingTarget& target, const Config& config,
                                       const SweepOptions& options) {
  TrainingStep step(network, config, network.classes(), target.loss, options.device, input.part());
  step.use_teacher(input.teacher());
  step.use_l2_sp(l2_sp_of(network, config.train));
  const std::int64_t stages = stage_count(network);
  step.train_from(std::min(config.train.freeze_stages, stages));
  // Rates are those of train.lr, from which the rate of a step may differ.
  const double step_rate = batch_scaled_rate(config.train) / config.train.lr;
  const auto rates = sweep_rates(options.first, options.last, options.steps);
  const auto progress = begin_progress("lr-find", options.steps, "steps");
  LearningRateCurve curve;
  const auto batch_copies = copy_stream_for(options.device);
  std::size_t next = 0;
  for (std::int64_t epoch = 0; next < rates.size(); ++epoch) {
    auto epoch_options =
        training_batches(config, target.preprocessing, target.labels, options.threads, epoch);
    epoch_options.pin_memory = options.device.is_cuda();
    BatchPrefetch reader(input.read(epoch_options), batch_copies ? &*batch_copies : nullptr);
    const auto batches = static_cast<std::int64_t>(epoch_options.batches.size());
    const std::size_t before = next;
    BatchLoss added;
    for (std::int64_t index = 0; next < rates.size() && index < batches; ++index) {
      throw_if_stopped();
      const bool is_last = (index + 1) % config.train.accumulate == 0 || index + 1 == batches;
      const auto seed =
          mix_seed({static_cast<std::uint64_t>(config.seed), static_cast<std::uint64_t>(epoch),
                    static_cast<std::uint64_t>(index)});
      const auto loss = step.add(*reader.next(), seed, is_last);
      added.sum += loss.sum;
      added.weight += loss.weight;
      if (!is_last || added.weight == 0) continue;
      if (!curve.add(rates[next], added.sum / added.weight)) {
        progress->finish();
        return curve;
      }
      step.finish(rates[next++] * step_rate);
      progress->advance(1);
      added = {};
    }
    if (next == before) throw DataError("no training image can be read.");
  }
  progress->finish();
  return curve;
}

}  // namespace transfer
