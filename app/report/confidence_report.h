#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/training/calibration_fit.h"
#include "app/training/known_images_report.h"

namespace transfer {

/// What summary.json says in `calibration` and in `unknown`.
nlohmann::ordered_json calibration_object(const FittedCalibration& fitted);
nlohmann::ordered_json known_images_object(const KnownImagesReport& known);

/// The same for people, a line each.
std::string calibration_text(const FittedCalibration& fitted);
std::string known_images_text(const KnownImagesReport& known);

}  // namespace transfer
