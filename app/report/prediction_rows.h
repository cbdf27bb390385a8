#pragma once

#include <optional>
#include <vector>

#include "app/features/row_stream.h"
#include "app/report/prediction.h"
#include "core/objective.h"
#include "datasets/dataset.h"

namespace transfer {

/// How to read the rows that a model gives for images.
struct RowReading {
  TargetKind kind = TargetKind::kClass;
  /// Where rows end in an UnknownScore: the largest of a known image.
  std::optional<double> unknown_threshold = {};
  /// Where conformal sets are wanted: the largest score of a class in them.
  std::optional<double> largest_set_score = {};
  /// Whether rows end with the logits for the image itself, where those in front are of several
  /// views. Sets are made of them: what they promise was measured on images, not on views.
  bool has_own_logits = false;
};

/// The predictions for a block of `samples`: its rows are a model's logits, its score where there
/// is a threshold, and the image's own logits where they are kept; see stream_model_logits().
std::vector<Prediction> predictions_in(const RowBlock& block, const std::vector<Sample>& samples,
                                       const RowReading& reading);

}  // namespace transfer
