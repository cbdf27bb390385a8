#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/report/prediction.h"
#include "app/report/prediction_format.h"
#include "core/enum_names.h"

namespace transfer {

/// In which form `predict` writes predictions.
enum class PredictionLayout { kText, kCsv, kJson, kJsonl };
template <>
inline constexpr std::array<std::string_view, 4> kNames<PredictionLayout> = {"text", "csv", "json",
                                                                             "jsonl"};

/// Writes predictions row by row, so that no more than one is held at a time: beginning(), a row()
/// for each image, ending().
///
/// - text: `PATH: CLASS PROBABILITY` in one line;
/// - csv: a header, and a record for each image, which may have line breaks in quotes;
/// - json: an array of objects; jsonl: one object in each line.
class PredictionText {
 public:
  /// `format` must outlive the result.
  PredictionText(PredictionLayout layout, const PredictionFormat& format)
      : layout_(layout), format_(format) {}

  std::string beginning() const;
  std::string row(const Prediction& prediction, bool is_first) const;
  /// REQUIRES: at least one row was written.
  std::string ending() const;

  /// What a row that was written says of the image at `path`, with the line break at its end: its
  /// error, or "" for a prediction; nothing where it is not a row of that image. REQUIRES: not
  /// json, whose rows do not end by themselves.
  std::optional<std::string> error_in(std::string_view row, const std::string& path) const;

 private:
  std::string csv_row(const Prediction& prediction) const;

  PredictionLayout layout_;
  const PredictionFormat& format_;
};

}  // namespace transfer
