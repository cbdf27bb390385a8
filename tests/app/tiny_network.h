#pragma once

#include <string>

#include "models/trainable_network.h"
#include "tests/models/tensor_file.h"

namespace transfer {

inline Backbone fixture_backbone(const std::string& name) { return Backbone::load(fixture(name)); }

/// A network for five classes.
inline TrainableOptions five_classes(BatchNorm batch_norm = BatchNorm::kTrain) {
  TrainableOptions result;
  result.classes = 5;
  result.batch_norm = batch_norm;
  result.seed = 3;
  return result;
}

}  // namespace transfer
