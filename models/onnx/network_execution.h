#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <functional>

#include "models/onnx/executed_operator.h"

namespace transfer {

/// Called for every operator that ran, in their order.
using OperatorVisitor = std::function<void(const ExecutedOperator&)>;

/// Runs the `forward` of a frozen module for two batches of images at once, branch by branch and
/// operator by operator, and tells `visit` of each. Returns what `forward` returns. Throws
/// ModelError where a branch depends on the number of images, and for what no ONNX file could hold.
ValuePair execute(const torch::jit::Module& frozen, const ValuePair& images,
                  const OperatorVisitor& visit);

}  // namespace transfer
