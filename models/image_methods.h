#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include "models/metadata.h"

namespace transfer {

/// Gives a composed module, which has `predict`, what a program needs to use it without knowing how
/// it was trained:
///   classes               List[str], the names of the outputs
///   preprocess(image)     see preprocessing_module()
///   classify(image)       List[Tuple[str, float]]: the classes or labels from the likeliest to the
///                         least likely, or the targets of a regression in their order
/// It has a submodule `preprocessing` then. No weight and no other method changes.
void add_image_methods(torch::jit::Module& whole, const ModelMetadata& metadata);

/// Removes all of that, where it is there, from a module that was read to be trained on.
void remove_image_methods(torch::jit::Module& whole);

}  // namespace transfer
