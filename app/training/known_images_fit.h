#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "models/known_images.h"

namespace transfer {

/// At most `most` of the rows that count in labels [N], −1 being those that do not: the classes in
/// turn, so that a rare one is not left out, and within a class at random, always the same.
std::vector<std::int64_t> rows_to_keep(const torch::Tensor& labels, std::int64_t most);

/// The most rows of so many features that a model keeps: `wanted`, or fewer where those would be
/// too many bytes.
std::int64_t rows_that_fit(std::int64_t dimension, std::int64_t wanted);

/// Known images of training features [n,D], with the threshold that keeps 95 % of the validation
/// images, whose features are [m,D]; rounded upwards to 7 digits. REQUIRES: n > 0, m > 0.
KnownImages fit_known_images(const torch::Tensor& train, const torch::Tensor& val);

}  // namespace transfer
