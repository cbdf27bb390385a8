#include "app/report/confidence_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/count_text.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

ordered_json quality_object(const CalibrationQuality& quality) {
  return {{"loss", quality.nll}, {"ece", quality.ece}};
}

}  // namespace

ordered_json calibration_object(const FittedCalibration& fitted) {
  const bool is_taken = fitted.choice == TemperatureChoice::kTaken;
  ordered_json object = {{"temperature", is_taken ? ordered_json(fitted.calibration.temperature)
                                                  : ordered_json(nullptr)},
                         {"choice", name_of(fitted.choice)},
                         {"temperature_images", fitted.temperature_images},
                         {"coverage_images", fitted.conformal_images}};
  if (fitted.before) object["before"] = quality_object(*fitted.before);
  if (fitted.after) object["after"] = quality_object(*fitted.after);
  return object;
}

ordered_json known_images_object(const KnownImagesReport& known) {
  return {{"training_images", known.training_images},
          {"neighbours", known.neighbours},
          {"threshold", known.threshold},
          {"validation_images", known.validation_images},
          {"validation_kept", known.validation_kept},
          {"seconds", known.seconds}};
}

std::string calibration_text(const FittedCalibration& fitted) {
  switch (fitted.choice) {
    case TemperatureChoice::kTaken:
      return fmt::format(
          "probabilities: temperature {:.3g}; calibration error {:.4f} before, {:.4f} after, on "
          "images that it was not fitted to\n",
          fitted.calibration.temperature, fitted.before->ece, fitted.after->ece);
    case TemperatureChoice::kNoGain:
      return fmt::format(
          "probabilities: calibration error {:.4f}; no temperature lowers their loss\n",
          fitted.before->ece);
    case TemperatureChoice::kTooFewImages:
      return "probabilities: not calibrated, too few validation images\n";
    case TemperatureChoice::kOff: break;
  }
  return "probabilities: not calibrated, as train.calibrate says\n";
}

std::string known_images_text(const KnownImagesReport& known) {
  return fmt::format(
      "unknown images: told by {} of training; {:.1f} % of the validation images count as known\n",
      count_text(static_cast<std::size_t>(known.training_images), "image"),
      100 * known.validation_kept);
}

}  // namespace transfer
