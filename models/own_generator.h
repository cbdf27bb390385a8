#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <string>
#include <vector>

namespace transfer {

/// Makes Dropout and stochastic depth in the named methods of `module` draw from a generator of the
/// module's own instead of the process-wide one, for which threads would compete. Returns that
/// generator. The module can then no longer be saved. Throws ModelError naming `file` when a method
/// draws random numbers in another way.
at::Generator draw_from_own_generator(torch::jit::Module& module,
                                      const std::vector<std::string>& methods,
                                      const std::string& file);

}  // namespace transfer
