#pragma once

#include <torch/types.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace transfer {

/// Shape and type of what is kept of one image.
struct RowFormat {
  /// A row of float32 features.
  RowFormat(std::int64_t dimension) : shape({dimension}) {}
  RowFormat(std::vector<std::int64_t> row_shape, torch::ScalarType row_type)
      : shape(std::move(row_shape)), type(row_type) {}

  std::vector<std::int64_t> shape;
  /// float32 or float16.
  torch::ScalarType type = torch::kFloat32;

  std::int64_t numbers() const;
  std::int64_t bytes() const;
};

}  // namespace transfer
