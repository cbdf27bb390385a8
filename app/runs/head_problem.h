#pragma once

#include "app/runs/preparation.h"
#include "app/training/head_fit.h"

namespace transfer {

/// The fit of a head to features of the run's pictures: classes, scaling, loss, seed, device and
/// threads are the run's; weight decay and options are left for the caller. The sets must outlive
/// it.
HeadProblem head_problem(const Preparation& preparation, const FeatureSet& train,
                         const FeatureSet& val);

}  // namespace transfer
