#pragma once

// Included inside models/ only, since it needs torch/script.h.

#include <torch/script.h>

#include <string>
#include <vector>

namespace transfer {

/// Lets the named methods of `module` draw what Dropout and stochastic depth drop from a generator
/// of the module's own, instead of the process's, which threads would take turns at. Such a module
/// cannot be saved. Returns the generator. Throws ModelError naming `file` where a method draws
/// random numbers in another way.
at::Generator draw_from_own_generator(torch::jit::Module& module,
                                      const std::vector<std::string>& methods,
                                      const std::string& file);

}  // namespace transfer
