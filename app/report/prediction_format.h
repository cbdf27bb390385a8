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

/// How predictions of one kind are shown by `predict`. An image's predictions are one number an
/// output, see predictions_of().
class PredictionFormat {
 public:
  virtual ~PredictionFormat() = default;

  /// Names of the cells, not yet quoted, nor are the cells.
  virtual PredictionCells csv_header() const = 0;
  virtual PredictionCells csv_cells(const std::vector<float>& predictions) const = 0;
  /// Adds what is predicted to an image's object.
  virtual void add_json(nlohmann::ordered_json& object,
                        const std::vector<float>& predictions) const = 0;
  /// What follows "PATH:".
  virtual std::string text(const std::vector<float>& predictions) const = 0;
};

/// - classes: the `top` likeliest, in CSV `class,probability,error`, then `class_2,probability_2`,
/// …;
/// - labels: those of probability one half or more, and the probability of each; text shows at
/// least
///   the `top` likeliest;
/// - numbers: each by its name.
std::unique_ptr<PredictionFormat> prediction_format(TargetKind kind,
                                                    const std::vector<std::string>& classes,
                                                    std::int64_t top);

}  // namespace transfer
