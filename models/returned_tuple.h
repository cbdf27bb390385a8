#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <cstddef>
#include <memory>
#include <string>

namespace transfer {

/// Position of the logits in the tuple that `graph` returns: the element named `logits`, or the
/// only tensor, or the tensor that ends in a classifier. Of several that do, it is the first from
/// which no other one is computed. Throws ModelError naming `file` when no tensor or, of several,
/// none ends in a classifier. `remark` (may be null) receives what to tell the user about a choice.
/// REQUIRES: the graph has one output, a tuple.
std::size_t logits_position(const std::shared_ptr<torch::jit::Graph>& graph,
                            const torch::jit::Module& module, const std::string& file,
                            std::string* remark);

}  // namespace transfer
