#include "app/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace transfer {

double learning_rate_at(const TrainConfig& config, double epoch) {
  if (epoch < config.warmup_epochs) return config.lr * epoch / config.warmup_epochs;
  if (config.schedule == "step") {
    return config.lr * std::pow(config.step_factor,
                                std::floor(epoch / static_cast<double>(config.step_epochs)));
  }
  if (config.schedule == "cosine") {
    const double length = std::max(static_cast<double>(config.epochs) - config.warmup_epochs, 1e-9);
    const double progress = std::min((epoch - config.warmup_epochs) / length, 1.0);
    return config.lr * 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
  }
  return config.lr;
}

}  // namespace transfer
