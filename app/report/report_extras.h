#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace transfer {

/// A training image that is like an image of the report.
struct NearestImage {
  Sample sample;
  /// Its class, labels or numbers in words.
  std::string target;
  /// Between the features of the two, at most 1.
  double similarity = 0;
};

/// What a report shows beside what every run has; each part only where it is there. Images are
/// named by their position among the samples of the split that is shown, see
/// images_of_highest_loss().
struct ReportExtras {
  /// JPEG files: the image with the places laid over it that made the prediction (Grad-CAM).
  std::map<std::int64_t, std::string> overlays;
  /// The most similar first. The report shows up to three.
  std::map<std::int64_t, std::vector<NearestImage>> nearest;
  /// Expected calibration error before and after a temperature was fitted.
  struct Calibration {
    double before = 0;
    double after = 0;
    double temperature = 1;
  };
  std::optional<Calibration> calibration;
};

}  // namespace transfer
