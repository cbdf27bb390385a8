#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "core/enum_names.h"

namespace transfer {

/// What a model predicts of an image: one of several classes or any number of labels, or numbers.
enum class Task { kClassification, kRegression };
template <>
inline constexpr std::array<std::string_view, 2> kNames<Task> = {"classification", "regression"};

/// What is known of an image: one class of several, any number of labels, or numbers.
enum class TargetKind { kClass, kLabels, kValues };

/// Each needs outputs of its own kind: softmax, one sigmoid per label, plain numbers.
enum class LossKind {
  kCrossEntropy,
  kFocal,
  kLogitAdjusted,
  kBinaryCrossEntropy,
  kMeanSquaredError,
  kMeanAbsoluteError,
  kHuber
};
/// As in the configuration and in transfer.json.
template <>
inline constexpr std::array<std::string_view, 7> kNames<LossKind> = {
    "cross_entropy", "focal", "logit_adjusted", "binary_cross_entropy", "mse", "mae", "huber"};

/// What a model is trained for. It travels from the configuration into the model file, so that
/// `evaluate` and `predict` measure and show a finished model as what it is.
struct Objective {
  LossKind loss = LossKind::kCrossEntropy;
  /// Error above which Huber's loss grows linearly, in the targets' units.
  double huber_delta = 1.0;
  /// How strongly the focal loss turns from images whose class is likely already; 0: not at all.
  double focal_gamma = 2.0;
  /// How much of the classes' frequencies the logit-adjusted loss makes up for: the paper's tau.
  double logit_adjustment = 1.0;
  /// The probability from which on each label is predicted; empty: one half for all of them.
  std::vector<float> label_thresholds = {};

  /// That of one label.
  float label_threshold(std::size_t label) const {
    return label_thresholds.empty() ? 0.5F : label_thresholds.at(label);
  }
  TargetKind targets() const;
  Task task() const;
};

}  // namespace transfer
