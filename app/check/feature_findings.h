#pragma once

#include <vector>

#include "app/check/finding.h"
#include "app/features/feature_store.h"
#include "datasets/check/near_duplicates.h"

namespace transfer {

/// What the distances between features (1 − cosine) tell.
struct FeatureNeighbours {
  /// Images that are like no other: the mean distance to the ten nearest images lies more than 4
  /// robust standard deviations (1.4826 · median absolute deviation, of its logarithm) above the
  /// median. The score counts those deviations.
  std::vector<Finding> outliers;
  /// Pairs at less than a quarter of the distance at which the fifth nearest image lies, whose
  /// hashes and outlines are alike too: the same picture, cropped or changed more than
  /// near_duplicates() finds.
  std::vector<AlikePair> alike;
};

/// Compares each image with all others, or with 20,000 of them, evenly spread. Empty for less than
/// 20 images. Throws Interrupted.
FeatureNeighbours compare_features(const FeatureSet& set, const std::vector<ImageScan>& scans,
                                   const Likeness& likeness);

}  // namespace transfer
