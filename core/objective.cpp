#include "core/objective.h"

#include <stdexcept>

namespace transfer {

TargetKind Objective::targets() const {
  switch (loss) {
    case LossKind::kCrossEntropy:
    case LossKind::kFocal:
    case LossKind::kLogitAdjusted: return TargetKind::kClass;
    case LossKind::kBinaryCrossEntropy: return TargetKind::kLabels;
    case LossKind::kMeanSquaredError:
    case LossKind::kMeanAbsoluteError:
    case LossKind::kHuber: return TargetKind::kValues;
  }
  throw std::logic_error("not a loss");
}

Task Objective::task() const {
  return targets() == TargetKind::kValues ? Task::kRegression : Task::kClassification;
}

}  // namespace transfer
