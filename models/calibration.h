#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace transfer {

/// By how much the probability of the true class fell short of 1, over images that nothing of the
/// model was fitted to: the scores of split conformal prediction (Angelopoulos and Bates 2021, "A
/// Gentle Introduction to Conformal Prediction", section 1; Sadinle et al. 2019, "Least Ambiguous
/// Set-Valued Classifiers").
struct ConformalScores {
  static constexpr std::size_t kMostScores = 1000;

  /// Images that were scored; at least as many as there are scores.
  std::int64_t images = 0;
  /// Rising, from 0 to 1: of every image, or of more images than kMostScores so many of them at
  /// equal distances, the largest among them.
  std::vector<double> scores;

  /// The largest score with which a class belongs to the sets that hold the true class of a share
  /// `coverage` of all images. Nothing where the images are too few to tell.
  /// REQUIRES: 0 < coverage < 1.
  std::optional<double> largest_score(double coverage) const;

  /// The largest coverage that so many images can promise.
  double largest_coverage() const;
};

/// What makes a classifier's probabilities mean what they say.
struct Calibration {
  /// Logits are divided by it in front of the softmax (Guo et al. 2017, "On Calibration of Modern
  /// Neural Networks"); 1 leaves them as they are.
  double temperature = 1;
  /// Of probabilities at that temperature.
  ConformalScores conformal = {};
};

}  // namespace transfer
