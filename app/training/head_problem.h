#pragma once

#include <string>

#include "app/advice/stage_probe.h"
#include "app/preparation/preparation.h"
#include "app/training/head_fit.h"

namespace transfer {

/// The fit of a head to features of the run's images: classes, scaling, structure, loss, seed,
/// device and threads are the run's; weight decay and options are left for the caller. The sets
/// must outlive it.
HeadProblem head_problem(const Preparation& preparation, const FeatureSet& train,
                         const FeatureSet& val);

/// The weight decay for that problem by cross-validation, or, where `known` has cross-validated the
/// same loss on the same images at `cut`, what that has found.
double chosen_weight_decay(const HeadProblem& problem, const StageProbing& known,
                           const std::string& cut);

}  // namespace transfer
