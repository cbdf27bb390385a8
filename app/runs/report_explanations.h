#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "app/features/feature_store.h"
#include "app/report/report_extras.h"
#include "app/report/run_pictures.h"
#include "app/runs/learned_confidence.h"
#include "models/activation_maps.h"

namespace transfer {

/// Most training images that those of a report are compared with.
inline constexpr std::int64_t kMostTrainImagesOfReport = 2000;

/// What explains the answers of a run's model.
struct Explanation {
  /// Makes the maps of the model as it is now; empty where it has no positions (pixels, numbers).
  std::function<ActivationMaps()> maps;
  /// Features of the training images and, by position, of those of the split that is shown; empty
  /// where they are not known.
  std::function<FeatureSource()> features;
  /// The training images, and what is known of them; rows of broken ones do not count.
  const std::vector<Sample>& train;
  Truth train_truth;
};

/// Adds to `extras`, for the images of the report that people look at first, where the prediction
/// comes from and which training images they look like: those of the highest loss, and the surest
/// right one of each class. A report without them is better than none, so what fails is said and
/// left out. Throws Interrupted.
void explain_report_images(const ShownSplit& shown, const Explanation& explanation,
                           ReportExtras& extras);

}  // namespace transfer
