#pragma once

#include "models/metadata.h"

namespace transfer {

/// By which a model's outputs are divided before the softmax; 1 without a calibration.
inline double temperature_of(const ModelMetadata& metadata) {
  return metadata.calibration ? metadata.calibration->temperature : 1;
}

}  // namespace transfer
