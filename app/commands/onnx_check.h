#pragma once

#include <optional>
#include <string>

#include "models/onnx/onnx_export.h"

namespace transfer {

/// How an ONNX file compares with the model that it was made of.
struct OnnxCheck {
  /// "ONNX Runtime 1.20.1".
  std::string engine;
  /// Largest difference of an output, divided by the largest output where that is above 1.
  double difference = 0;
};

/// Largest OnnxCheck::difference of a file that is written.
inline constexpr double kOnnxTolerance = 1e-3;

/// Lets ONNX Runtime compute the outputs, for all images at once and for each alone, in the Python
/// of find_python() or in `python3`. Nothing where neither has it. Throws ModelError where ONNX
/// Runtime does not run the file or its outputs differ by more than kOnnxTolerance; OutputError.
std::optional<OnnxCheck> check_onnx(const OnnxExport& exported);

}  // namespace transfer
