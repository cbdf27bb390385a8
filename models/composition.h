#pragma once

// Included inside models/ only, since it needs torch/script.h.

#include <torch/script.h>

#include <filesystem>
#include <string>
#include <vector>

#include "models/classifier.h"

namespace transfer {

/// One module of a cut network (its `forward` gives features [N,D]) and a head, with methods
/// `forward` (the head's outputs) and `features`. It shares the trunk's parameters, trains, and is
/// what `model.pt` holds: submodules `trunk` and `head`. The head's own `weight` and `bias` are the
/// last layer's; hidden layers lie below it as `hidden0`, `hidden1`, …
torch::jit::Module compose(const torch::jit::Module& trunk, const Head& head);

/// Puts a head's numbers into the `head` of a composed module. REQUIRES: it has the same shape.
void set_head(torch::jit::Module& whole, const Head& head);

/// Adds `predict`: `forward`, then what predictions_of() does.
void define_prediction(torch::jit::Module& whole, TargetKind kind);

/// Paths of a backbone's stages inside a composed module.
std::vector<std::string> composed_stages(std::vector<std::string> stages);

/// Writes a composed module as model.pt, in evaluation mode, with the backbone's metadata, the
/// classes and the objective inside. Throws OutputError.
void write_composition(torch::jit::Module whole, ModelMetadata backbone,
                       const std::vector<std::string>& classes, const Objective& objective,
                       const std::filesystem::path& file);

}  // namespace transfer
