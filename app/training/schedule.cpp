#include "app/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace transfer {
namespace {

/// From `first` to `last` along half a cosine; `progress` 0–1.
double cosine_between(double first, double last, double progress) {
  return last + (first - last) * 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
}

}  // namespace

double learning_rate_at(const TrainConfig& config, double epoch, double step) {
  const auto epochs = static_cast<double>(config.epochs);
  const bool has_own_warmup = config.schedule == Schedule::kOneCycle;
  if (!has_own_warmup && epoch < config.warmup_epochs) {
    return config.lr * std::min((epoch + step) / config.warmup_epochs, 1.0);
  }
  switch (config.schedule) {
    case Schedule::kConstant:
    case Schedule::kPlateau: return config.lr;  // PlateauSchedule multiplies it
    case Schedule::kCosine: {
      const double length = std::max(epochs - config.warmup_epochs, 1e-9);
      return cosine_between(config.lr, 0.0, std::min((epoch - config.warmup_epochs) / length, 1.0));
    }
    case Schedule::kStep: {
      const double falls = std::floor(epoch / static_cast<double>(config.step_epochs));
      return config.lr * std::pow(config.step_factor, falls);
    }
    case Schedule::kOneCycle: return one_cycle_rate(config.lr, std::min(epoch / epochs, 1.0));
  }
  throw std::logic_error("not a schedule");
}

double one_cycle_rate(double peak, double progress) {
  // The defaults of torch.optim.lr_scheduler.OneCycleLR: pct_start, div_factor, final_div_factor.
  constexpr double kRise = 0.3;
  constexpr double kDivision = 25.0;
  constexpr double kFinalDivision = 1e4;
  const double first = peak / kDivision;
  if (progress < kRise) return cosine_between(first, peak, progress / kRise);
  return cosine_between(peak, first / kFinalDivision, (progress - kRise) / (1.0 - kRise));
}

double batch_scaled_rate(const TrainConfig& config) {
  if (!config.scale_lr_by_batch) return config.lr;
  constexpr double kReferenceBatch = 256.0;
  return config.lr * static_cast<double>(config.batch_size * config.accumulate) / kReferenceBatch;
}

TrainConfig fitted_to_epochs(const TrainConfig& config, std::int64_t stages) {
  TrainConfig fitted = config;
  // One-cycle has its own warm-up.
  const double warmup = config.schedule == Schedule::kOneCycle ? 0.0 : config.warmup_epochs;
  const auto frozen = static_cast<double>(config.freeze_epochs);
  const auto room = static_cast<double>(config.epochs - 1);
  if (frozen + warmup > room) {
    const double part = room / (frozen + warmup);
    fitted.freeze_epochs = static_cast<std::int64_t>(std::floor(frozen * part));
    fitted.warmup_epochs = std::min(warmup, room - static_cast<double>(fitted.freeze_epochs));
  }
  const std::int64_t unfreezings = stages - config.freeze_stages - 1;
  if (unfreezings > 0) {
    fitted.unfreeze_every =
        std::min(config.unfreeze_every, (config.epochs - 1 - fitted.freeze_epochs) / unfreezings);
  }
  return fitted;
}

PlateauSchedule::PlateauSchedule(const TrainConfig& config)
    : active_(config.schedule == Schedule::kPlateau),
      multiplier_(config.plateau_factor),
      patience_(config.plateau_patience),
      min_delta_(config.min_delta) {}

void PlateauSchedule::take(double loss) {
  if (!active_) return;
  if (loss < state_.best_loss - min_delta_) {
    state_.best_loss = loss;
    state_.bad_epochs = 0;
  } else if (++state_.bad_epochs >= patience_) {
    state_.factor *= multiplier_;
    state_.bad_epochs = 0;
  }
}

}  // namespace transfer
