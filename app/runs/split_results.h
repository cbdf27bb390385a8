#pragma once

#include <torch/types.h>

#include <optional>

#include "app/preparation/preparation.h"
#include "app/report/run_directory.h"
#include "app/report/summary.h"
#include "datasets/truth.h"

namespace transfer {

/// What a trained model says of the images of a split, and what is known of them.
struct SplitOutputs {
  /// [N,C] in the targets' units.
  torch::Tensor outputs;
  /// Broken images do not count.
  Truth truth;
};

/// Writes predictions_val.csv, of test images predictions_test.csv, and the pictures, if they are
/// wanted. The summary, which has the metrics of the splits, gets the pictures' names. Throws
/// OutputError for the tables, and Interrupted.
void write_split_results(const Preparation& preparation, const RunDirectory& run,
                         const SplitOutputs& val, const std::optional<SplitOutputs>& test,
                         Summary& summary);

}  // namespace transfer
