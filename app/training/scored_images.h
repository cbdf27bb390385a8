#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "app/training/confidence_interval.h"
#include "core/objective.h"
#include "datasets/truth.h"

namespace transfer {

/// What a model says of images beside what is known of them; every row counts.
struct ScoredImages {
  TargetKind kind = TargetKind::kClass;
  /// [N,C] float32, contiguous: probabilities, or numbers in the targets' units.
  torch::Tensor predictions;
  Truth truth;
  /// Labels: which of them are predicted, [N,C] bool.
  torch::Tensor predicted_labels = {};

  std::int64_t images() const { return predictions.size(0); }
  std::int64_t columns() const { return predictions.size(1); }
};

/// The rows of outputs [N,C] (logits, numbers) whose truth counts.
ScoredImages scored_images(const torch::Tensor& outputs, const Truth& truth,
                           const Objective& objective);

/// A score that is defined for any multiset of images, for resampling.
struct NamedScore {
  /// Its key in summary.json: `accuracy`, `macro_f1`, `auroc`, `mean_average_precision`, `r2`,
  /// `mae` or `rmse`.
  std::string key;
  CountedScore value;
};

/// The scores of that kind of target, that by which models are compared first. Each owns what it
/// needs of the images and gives, where every image counts once, what measure() gives, but NaN for
/// R² of targets that are all the same.
std::vector<NamedScore> counted_scores(const ScoredImages& images);

/// How many resamples keep the work for all scores within about half a second: kResamples as long
/// as images times outputs are few, at least 100, and 0 where even those would take too long.
std::int64_t affordable_resamples(const ScoredImages& images);

}  // namespace transfer
