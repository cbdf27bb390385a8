#pragma once

// For models/ only: needs the JIT's types.

#include <map>
#include <string>

#include "models/onnx/executed_operator.h"
#include "models/onnx/onnx_graph.h"

namespace transfer {

/// Adds what an operator of LibTorch's computes to the graph and returns its result's name.
/// Throws ModelError where ONNX cannot say it.
using OperatorTranslation = std::string (*)(OnnxGraph& graph, const ExecutedOperator& call);

/// By name without the namespace `aten` and without the last `_` of an operator that writes in
/// place: "add" for aten::add and aten::add_.
using OperatorTable = std::map<std::string, OperatorTranslation>;

OperatorTable activation_operators();
OperatorTable arithmetic_operators();
OperatorTable convolution_operators();
OperatorTable pooling_operators();
OperatorTable normalization_operators();
OperatorTable shape_operators();
OperatorTable attention_operators();

/// Adds the nodes of one operator. Results that do not depend on the image add none. Throws
/// ModelError, which names operator and layer, for one that no table holds.
void translate(OnnxGraph& graph, const ExecutedOperator& call);

}  // namespace transfer
