#include "app/training/unfreezing.h"

#include <algorithm>

#include "app/training/schedule.h"

namespace transfer {

std::int64_t stage_count(const TrainableNetwork& network) {
  return std::max<std::int64_t>(static_cast<std::int64_t>(network.stages().size()), 1);
}

std::int64_t first_trainable_stage(const TrainConfig& config, std::int64_t epoch,
                                   std::int64_t stages) {
  if (epoch < config.freeze_epochs) return stages;
  const std::int64_t first = std::min(config.freeze_stages, stages);
  if (config.unfreeze_every == 0) return first;
  const std::int64_t unfrozen = 1 + (epoch - config.freeze_epochs) / config.unfreeze_every;
  return std::max(first, stages - unfrozen);
}

std::int64_t stages_never_trained(const TrainConfig& config, std::int64_t stages) {
  return first_trainable_stage(fitted_to_epochs(config, stages), config.epochs - 1, stages);
}

}  // namespace transfer
