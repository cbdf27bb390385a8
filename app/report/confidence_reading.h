#pragma once

#include <optional>
#include <string>

#include "app/report/prediction_format.h"
#include "app/report/prediction_rows.h"
#include "models/classifier.h"

namespace transfer {

/// What predictions are to say of how far they can be trusted.
struct ConfidenceOptions {
  /// Whether images that are unlike the training images get the class `unknown`.
  bool rejects = false;
  /// The share of images whose conformal set is to hold the true class; nothing for no sets.
  std::optional<double> coverage = {};
};

/// How to read the model's rows, with what it knows of them. Throws ConfigError, naming the flag
/// and `file`, where the model lacks what the options ask for: for labels and numbers, of an older
/// version, or by too few validation images.
RowReading row_reading(const ConfidenceOptions& options, const Classifier& model,
                       const std::string& file);

/// What predictions show beside the classes.
ClassColumns class_columns(const ConfidenceOptions& options, const Classifier& model);

}  // namespace transfer
