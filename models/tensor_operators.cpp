#include "models/tensor_operators.h"

#include <torch/csrc/jit/runtime/operator.h>

#include <algorithm>
#include <array>
#include <utility>

namespace transfer {
namespace {

using Reason = std::pair<std::string_view, std::string_view>;

/// Those of aten that reach beyond the process's memory.
constexpr std::array kForbiddenOfAten = {
    Reason{"save", "writes files"},
    Reason{"from_file", "opens files"},
    Reason{"_print", "writes to standard output"},
};

/// Those of prim that LibTorch writes into programs. The others are its own, made while it
/// optimises, or reach out of the process: prim::Print, prim::PythonOp, prim::rpc_async.
constexpr std::array<std::string_view, 56> kPrim = {
    // clang-format off
    "AutogradAdd", "AutogradAllNonZero", "AutogradAllZero", "AutogradAnyNonZero", "AutogradZero",
    "BroadcastSizes", "ConstantChunk", "EnumName", "EnumValue", "IfThenElse",
    "ModuleContainerIndex", "NumToTensor", "RaiseException", "ReductionSizes", "StringIndex",
    "TupleIndex", "TupleUnpack", "Uninitialized", "VarConcat", "VarStack", "abs",
    "awaitable_nowait", "awaitable_wait", "data", "device", "dtype", "grad", "id", "index",
    "is_cpu", "is_cuda", "is_ipu", "is_maia", "is_meta", "is_mkldnn", "is_mps", "is_mtia",
    "is_nested", "is_quantized", "is_sparse", "is_sparse_csr", "is_vulkan", "is_xla", "is_xpu",
    "itemsize", "layout", "max", "min", "name", "nbytes", "rangelist", "requires_grad", "tolist",
    "type", "unchecked_cast", "unchecked_unwrap_optional",
    // clang-format on
};

/// Namespaces whose every operator computes with tensors. `profiler` times parts of a program.
constexpr std::array<std::string_view, 6> kTensorNamespaces = {
    "quantized", "_quantized", "quantization", "sparse", "mkldnn_prepacked", "profiler"};

template <typename Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_known_to_libtorch(const std::string& name_space, const std::string& name) {
  const auto symbol = c10::Symbol::fromQualString(name_space + "::" + name);
  return !torch::jit::getAllOperatorsFor(symbol).empty();
}

}  // namespace

std::optional<std::string> why_forbidden(const std::string& name_space, const std::string& name) {
  if (name_space == "aten") return why_forbidden_behind_dot(name);
  if (contains(kTensorNamespaces, name_space)) return {};
  // torch.jit.optimize_for_inference writes these; LibTorch does not read its constants back.
  const bool is_packed = name.find("MKLDNN") != std::string::npos || name == "mkldnn_convolution";
  const bool passes = name_space == "prim" ? contains(kPrim, name) || is_packed
                                           : !is_known_to_libtorch(name_space, name);
  if (passes) return {};
  return "is no operator on tensors alone";
}

std::optional<std::string> why_forbidden_behind_dot(std::string_view name) {
  for (const auto& [forbidden, reason] : kForbiddenOfAten) {
    if (name == forbidden) return std::string(reason);
  }
  return {};
}

std::optional<std::string> why_forbidden_function(std::string_view name) {
  if (name == "print") return "writes to standard output";
  if (name == "rpc_async" || name == "rpc_sync" || name == "rpc_remote") {
    return "calls other processes";
  }
  return {};
}

bool is_tensor_class(std::string_view name_space, std::string_view name) {
  if (name_space == "quantized") return true;
  if (name_space == "sparse") return name == "LinearPackedParamsBase";
  if (name_space == "rnn") return name == "CellParamsBase";
  if (name_space == "profiler") return name == "_RecordFunction";
  return name_space == "mkldnn" && name == "ConvOpContext";
}

}  // namespace transfer
