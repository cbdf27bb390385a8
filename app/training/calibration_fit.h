#pragma once

#include <torch/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "configs/choices.h"
#include "models/calibration.h"

namespace transfer {

/// Why a model has a temperature, or none.
enum class TemperatureChoice { kTaken, kNoGain, kTooFewImages, kOff };
template <>
inline constexpr std::array<std::string_view, 4> kNames<TemperatureChoice> = {
    "taken", "no gain", "too few images", "off"};

/// How well probabilities mean what they say, over images that the temperature was not fitted to.
struct CalibrationQuality {
  double nll = 0;  ///< negative_log_likelihood()
  double ece = 0;  ///< expected_calibration_error()
};

/// A calibration, and how it came about.
struct FittedCalibration {
  Calibration calibration;
  TemperatureChoice choice = TemperatureChoice::kOff;
  /// Validation images to which the temperature was fitted, and others that the conformal scores
  /// come from.
  std::int64_t temperature_images = 0;
  std::int64_t conformal_images = 0;
  /// Of raw logits and with a temperature, whether it was taken or not; nothing where none was
  /// fitted.
  std::optional<CalibrationQuality> before;
  std::optional<CalibrationQuality> after;
};

/// Fits a temperature to one half of the validation images, drawn at random, and takes the
/// conformal scores from the other: logits [N,C] of the network, labels [N], −1 for a row that does
/// not count. The quality is that of images of both halves (of the second at most 5,000), each by a
/// temperature fitted to others: within the first half by 5-fold cross-validation. `kAuto` takes
/// the temperature where that lowers their negative log-likelihood; the second half has no other
/// part in it. Where no temperature is asked for, or the images are too few for one, the conformal
/// scores come from all of them. Depends on the order of the images and nothing else.
FittedCalibration fit_calibration(const torch::Tensor& logits, const torch::Tensor& labels,
                                  Calibrate wanted);

}  // namespace transfer
