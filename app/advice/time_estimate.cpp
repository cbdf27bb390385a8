#include "app/advice/time_estimate.h"

namespace transfer {

double head_seconds(double cross_validation_seconds) {
  constexpr double kFolds = 5;
  return cross_validation_seconds * (1 + 1 / kFolds);
}

double estimate_seconds(const MachineSpeed& speed, const ImageCounts& images,
                        const FrozenPlan& plan) {
  const auto views = static_cast<double>(1 + plan.views);
  const double passes =
      static_cast<double>(images.train) * views + static_cast<double>(images.val + images.test);
  return speed.start + passes * (speed.prepare + speed.forward * plan.share) +
         plan.head_seconds * views;
}

double estimate_seconds(const MachineSpeed& speed, const ImageCounts& images,
                        const TrainingPlan& plan) {
  const auto train = static_cast<double>(images.train);
  const auto val = static_cast<double>(images.val);
  const double whole = speed.prepare + speed.forward;
  const double up_to_frozen = speed.prepare + speed.forward * plan.frozen_share;
  const double behind = speed.forward * (1 - plan.frozen_share);
  const double step = behind * (1 + kBackwardOverForward);
  double once = speed.start + static_cast<double>(images.test) * whole;
  double each_epoch = train * step + val * behind;
  if (plan.keeps_activations) {
    once += (train * static_cast<double>(1 + plan.views) + val) * up_to_frozen;
  } else {
    each_epoch += (train + val) * up_to_frozen;
  }
  if (plan.fits_head_first) once += train * whole + plan.head_seconds;
  return once + static_cast<double>(plan.epochs) * each_epoch;
}

}  // namespace transfer
