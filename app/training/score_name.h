#pragma once

#include <string>
#include <string_view>

namespace transfer {

/// A score by which models are compared, higher is better: its key in JSON files, its name for
/// people, and how its values are written. The names below are the only ones.
struct ScoreName {
  /// In summary.json, metrics.jsonl (behind `val_`), advice.json and the files of a batch.
  std::string_view key;
  /// For people.
  std::string_view title;
  /// Whether people read it in percent.
  bool is_share = true;

  bool operator==(const ScoreName& other) const { return key == other.key; }

  /// "95.03 %", "0.5312"
  std::string value_text(double value) const;
  /// "accuracy 95.03 %", "R² 0.5312"
  std::string text(double value) const;
  /// "95.0 % ± 1.2", "0.521 ± 0.013"
  std::string text(double value, double standard_error) const;
  /// What lies between two scores: "1.5 ± 0.9 points", "0.015 ± 0.009".
  std::string distance_text(double difference, double standard_error) const;
};

/// Part of the images whose likeliest class is the right one.
inline constexpr ScoreName kAccuracy{"accuracy", "accuracy"};
/// Part of the labels that are right, of all images together.
inline constexpr ScoreName kLabelAccuracy{"label_accuracy", "label accuracy"};
/// Mean over the labels of the area under precision over recall.
inline constexpr ScoreName kMeanAveragePrecision{"mean_average_precision", "mAP", false};
/// Coefficient of determination, averaged over the targets.
inline constexpr ScoreName kR2{"r2", "R²", false};

/// The scores of finished models, one for each kind of target. Accuracy comes last: metrics of
/// several labels may hold one beside their score.
inline constexpr ScoreName kModelScores[] = {kMeanAveragePrecision, kR2, kAccuracy};

}  // namespace transfer
