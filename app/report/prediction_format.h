#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/objective.h"

namespace transfer {

/// Cells of a CSV row to the left and to the right of the column `error`.
struct PredictionCells {
  std::vector<std::string> left;
  std::vector<std::string> right;
};

/// What the column of reasons is called beside these: `error`, or `image_error` where a label or
/// number has that name.
std::string error_column(const PredictionCells& header);

/// How `predict` shows predictions of one kind. An image's predictions are one number per output,
/// see predictions_of().
class PredictionFormat {
 public:
  virtual ~PredictionFormat() = default;

  /// Names of the columns. Neither they nor the cells are quoted yet.
  virtual PredictionCells csv_header() const = 0;
  virtual PredictionCells csv_cells(const std::vector<float>& predictions) const = 0;
  /// Adds the predictions to an image's object.
  virtual void add_json(nlohmann::ordered_json& object,
                        const std::vector<float>& predictions) const = 0;
  /// What follows "PATH:".
  virtual std::string text(const std::vector<float>& predictions) const = 0;
};

/// - Classes: the `top` likeliest; in CSV `class,probability,error`, `class_2,probability_2`, ….
/// - Labels: those of probability 0.5 or more, and the probability of each. Text shows at least the
///   `top` likeliest.
/// - Numbers: each by its name.
///
/// In CSV a label or number that is called as the columns `path` or `labels` are is
/// `probability_NAME` or `predicted_NAME`. One that is called `error` keeps its name: see
/// error_column().
std::unique_ptr<PredictionFormat> prediction_format(TargetKind kind,
                                                    const std::vector<std::string>& classes,
                                                    std::int64_t top);

}  // namespace transfer
