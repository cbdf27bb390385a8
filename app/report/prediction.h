#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace transfer {

/// How like the training images an image is, see KnownImages in models/known_images.h.
struct Familiarity {
  bool is_known = true;
  /// The larger, the less like them.
  double unknown_score = 0;
};

/// The prediction for one image: one number per output, see predictions_of(), or why there is none.
struct Prediction {
  std::string path = {};
  /// Empty where there is an error.
  std::vector<float> numbers = {};
  std::string error = {};
  /// Where the model can tell.
  std::optional<Familiarity> familiarity = {};
  /// Positions of the classes of its conformal set, the likeliest first; where one was asked for.
  std::optional<std::vector<std::size_t>> set = {};
};

}  // namespace transfer
