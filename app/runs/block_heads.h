#pragma once

#include <functional>

#include "app/preparation/preparation.h"
#include "app/report/summary.h"
#include "app/runs/split_features.h"
#include "app/training/head_fit.h"

namespace transfer {

/// Fits a head to blocks that cross-validation chooses. Where several sets of blocks do about
/// equally well, it is the mean of their heads by weight (see ScoredBlocks), which is a linear head
/// on all of their features; a head with hidden layers takes the best set alone. `problem_of` gives
/// the problem for some blocks, but for the weight decay that is to be chosen. Leaves the blocks
/// that the head takes in `features` and fills in the summary. Throws what fit_head() throws.
FittedHead fit_heads_on_blocks(const Preparation& preparation, SplitFeatures& features,
                               const std::function<HeadProblem(const SplitFeatures&)>& problem_of,
                               Summary& summary);

}  // namespace transfer
