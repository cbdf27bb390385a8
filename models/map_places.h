#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <optional>
#include <string>
#include <vector>

namespace transfer {

/// The module at a path; nothing where there is none.
std::optional<torch::jit::Module> module_at(const torch::jit::Module& root,
                                            const std::string& path);

/// Where a network may be looked into, in the order in which to try: its last stage, the modules
/// inside that one and beside it that run before, the last first, then the other stages from
/// behind. REQUIRES: there is a stage.
std::vector<std::string> places_for_maps(const torch::jit::Module& root,
                                         const std::vector<std::string>& stages);

}  // namespace transfer
