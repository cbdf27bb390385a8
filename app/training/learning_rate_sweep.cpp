#include "app/training/learning_rate_sweep.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/training/training_batches.h"
#include "app/training/training_step.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/random.h"

namespace transfer {

LearningRateCurve sweep_learning_rates(TrainableNetwork& network, const Dataset& dataset,
                                       const Preprocessing& preprocessing, const Config& config,
                                       const SweepOptions& options) {
  const auto labels = class_labels(dataset.train);
  const auto classes = static_cast<std::int64_t>(dataset.classes.size());
  TrainingStep step(network, config, classes,
                    training_loss(config, truth_of(dataset.train), classes, options.device),
                    options.device);
  const auto stages = static_cast<std::int64_t>(network.stages().size());
  step.train_from(std::min(config.train.freeze_stages, stages));
  const auto rates = sweep_rates(options.first, options.last, options.steps);
  const auto progress = begin_progress("lr-find", options.steps, "steps");
  LearningRateCurve curve;
  std::size_t next = 0;
  for (std::int64_t epoch = 0; next < rates.size(); ++epoch) {
    Loader loader(dataset.train,
                  training_batches(config, preprocessing, labels, options.threads, epoch));
    const std::size_t before = next;
    while (next < rates.size()) {
      const auto batch = loader.next();
      if (!batch) break;
      throw_if_stopped();
      const auto loss = step.add(*batch, mix_seed({static_cast<std::uint64_t>(config.seed), next}));
      if (loss.weight == 0) continue;
      if (!curve.add(rates[next], loss.sum / loss.weight)) {
        progress->finish();
        return curve;
      }
      step.finish(rates[next++]);
      progress->advance(1);
    }
    if (next == before) throw DataError("no training image can be read.");
  }
  progress->finish();
  return curve;
}

}  // namespace transfer
