#include "app/report/confidence_reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/count_text.h"
#include "core/errors.h"

namespace transfer {
namespace {

void require_classes(const std::string& flag, const ModelMetadata& metadata,
                     const std::string& file) {
  if (metadata.objective.targets() == TargetKind::kClass) return;
  throw ConfigError(
      fmt::format("{}: {} does not give each image one class. Leave the flag out.", flag, file));
}

/// An ensemble keeps nothing of the images that its members were trained and validated on.
void refuse_ensemble_for(const std::string& flag, const ModelMetadata& metadata,
                         const std::string& file) {
  if (metadata.members.empty()) return;
  throw ConfigError(fmt::format(
      "{}: {} is an ensemble, which keeps nothing of its members' training and validation images. "
      "Leave the flag out, or give it with a single model.",
      flag, file));
}

void check_reject(const Classifier& model, const std::string& file) {
  require_classes("--reject", model.metadata(), file);
  refuse_ensemble_for("--reject", model.metadata(), file);
  if (model.known() == nullptr) {
    throw ConfigError(fmt::format(
        "--reject: {} keeps no features of its training images, by which to tell unknown ones. "
        "Models of older versions and of train.known_images=0 do not; train it again.",
        file));
  }
  const auto& classes = model.metadata().classes;
  if (std::find(classes.begin(), classes.end(), kUnknownClass) == classes.end()) return;
  throw ConfigError(fmt::format(
      "--reject: {} has a class '{}' of its own. Leave the flag out and read the column `known`.",
      file, kUnknownClass));
}

/// The largest score of a class in sets of that coverage.
double set_score(double coverage, const Classifier& model, const std::string& file) {
  require_classes("--coverage", model.metadata(), file);
  refuse_ensemble_for("--coverage", model.metadata(), file);
  const auto& calibration = model.metadata().calibration;
  if (!calibration || calibration->conformal.scores.empty()) {
    throw ConfigError(fmt::format(
        "--coverage: {} keeps no scores of validation images, by which to choose a set's size. "
        "Models of older versions do not; train it again.",
        file));
  }
  const ConformalScores& conformal = calibration->conformal;
  if (const auto score = conformal.largest_score(coverage)) return *score;
  throw ConfigError(
      fmt::format("--coverage {}: {} can promise at most {:.4g}, since the size of its sets was "
                  "measured on {}. "
                  "Give a lower coverage, or train with more validation images.",
                  coverage, file, std::floor(conformal.largest_coverage() * 1e4) / 1e4,
                  count_text(static_cast<std::size_t>(conformal.images), "image")));
}

}  // namespace

RowReading row_reading(const ConfidenceOptions& options, const Classifier& model,
                       const std::string& file) {
  RowReading reading{model.metadata().objective.targets()};
  if (options.rejects) check_reject(model, file);
  if (model.known() != nullptr) reading.unknown_threshold = model.known()->threshold;
  if (options.coverage) reading.largest_set_score = set_score(*options.coverage, model, file);
  return reading;
}

ClassColumns class_columns(const ConfidenceOptions& options, const Classifier& model) {
  return {.known = model.known() != nullptr,
          .rejects = options.rejects,
          .set = options.coverage.has_value()};
}

}  // namespace transfer
