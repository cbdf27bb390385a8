#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "app/report/prediction.h"
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

/// How `predict` shows predictions of one kind, of images without an error.
class PredictionFormat {
 public:
  virtual ~PredictionFormat() = default;

  /// Names of the columns. Neither they nor the cells are quoted yet.
  virtual PredictionCells csv_header() const = 0;
  virtual PredictionCells csv_cells(const Prediction& prediction) const = 0;
  /// Adds the predictions to an image's object.
  virtual void add_json(nlohmann::ordered_json& object, const Prediction& prediction) const = 0;
  /// What follows "PATH:".
  virtual std::string text(const Prediction& prediction) const = 0;
};

/// What an image that is unlike the training images is called in place of its class.
inline constexpr std::string_view kUnknownClass = "unknown";

/// What predictions of one class per image show beside the classes.
struct ClassColumns {
  /// `known` (yes or no) and `unknown_score`. REQUIRES: every prediction has its familiarity.
  bool known = false;
  /// Likewise, and images that are not known have the class `unknown`, without a probability.
  bool rejects = false;
  /// `set`, the names joined by `|`. REQUIRES: every prediction has its set.
  bool set = false;
};

/// - Classes: the `top` likeliest; in CSV `class,probability,error`, `class_2,probability_2`, …,
/// and
///   then what `columns` asks for.
/// - Labels: those that reach their thresholds, and the probability of each. Text shows at least
/// the
///   `top` likeliest.
/// - Numbers: each by its name.
///
/// In CSV a label or number that is called as the columns `path` or `labels` are is
/// `probability_NAME` or `predicted_NAME`. One that is called `error` keeps its name: see
/// error_column().
std::unique_ptr<PredictionFormat> prediction_format(const Objective& objective,
                                                    const std::vector<std::string>& classes,
                                                    std::int64_t top,
                                                    const ClassColumns& columns = {});

}  // namespace transfer
