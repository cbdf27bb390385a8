#include "app/runs/learning_rate_run.h"

#include "app/features/cache_folder.h"
#include "app/runs/fitted_start.h"
#include "app/runs/training_input_choice.h"
#include "app/training/learning_rate_sweep.h"
#include "app/training/training_batches.h"

namespace transfer {

LearningRateCurve sweep_training(Preparation p, std::int64_t steps) {
  TrainableNetwork network(p.backbone, trainable_options(p.config, p.classes()), p.device);
  rehearse_training(p.config, network);
  const Loss loss = training_loss(p.config, truth_of(p.dataset.train), p.classes(), p.device);
  const auto store = feature_store_folder(p.config.cache);
  start_head(p, store, loss.target_scaling, {}, network);
  const ChosenInput chosen = choose_training_input(p, store, network);
  SweepOptions options;
  options.steps = steps;
  options.device = p.device;
  options.threads = p.threads;
  return sweep_learning_rates(network, *chosen.input,
                              {loss, p.preprocessing(), class_labels(p.dataset.train)}, p.config,
                              options);
}

}  // namespace transfer
