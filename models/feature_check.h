#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <memory>
#include <string>
#include <vector>

#include "core/preprocessing.h"
#include "models/classifier_layer.h"

namespace transfer {

/// A network's `forward` as it came from the file, before any surgery.
struct OriginalForward {
  std::shared_ptr<torch::jit::Graph> graph;
  /// Arguments besides the image: their default values.
  std::vector<c10::IValue> defaults;
  /// The graph that was copied; never read, only compared.
  const torch::jit::Graph* source = nullptr;
};
OriginalForward original_forward(const torch::jit::Module& module);

/// Runs two random images through the network and compares: the features that a cut returns are the
/// classifier's input (averaged over the image or over tokens); the classifier and what follows it,
/// applied to that input, give the outputs of `original`; without a classifier the features are its
/// output. Fills in what only a run tells: the widths, which dimensions are averaged, which token
/// counts (see choose_pooling()). A classifier that does not see one row per image, or whose
/// outputs are joined otherwise, becomes kNone.
///
/// The images are small (64 pixels), or of the size in `preprocessing` if the network refuses that.
/// Returns false when it takes neither; `layer` then stays as it is. REQUIRES: `module` returns one
/// tensor (keep_logits_only()). Throws ModelError naming `file` when the values differ, when the
/// network takes one image at a time, and when its output cannot serve as features.
bool measure_features(const torch::jit::Module& module, const OriginalForward& original,
                      const Preprocessing& preprocessing, const std::string& file,
                      ClassifierLayer& layer);

}  // namespace transfer
