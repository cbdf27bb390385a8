#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace transfer {

/// Why a program that computes with tensors has no need of the operator NAMESPACE::NAME, as words
/// behind its name ("writes files"); empty for operators on tensors, numbers, texts and lists.
/// Operators that LibTorch lacks pass: it refuses them itself when it compiles the program.
std::optional<std::string> why_forbidden(const std::string& name_space, const std::string& name);

/// The same for a name behind a dot, whatever is before it: `x.save(file)` is aten::save.
std::optional<std::string> why_forbidden_behind_dot(std::string_view name);

/// The same for a function without a namespace, such as `print`.
std::optional<std::string> why_forbidden_function(std::string_view name);

/// Whether a network may hold objects of the C++ class torch.classes.NAMESPACE.NAME: packed weights
/// of quantised layers.
bool is_tensor_class(std::string_view name_space, std::string_view name);

}  // namespace transfer
