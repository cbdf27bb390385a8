#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <string>
#include <vector>

#include "models/metadata.h"

namespace transfer {

/// A trained model as it was read from its file, without its image methods.
struct EnsembleMember {
  torch::jit::Module module;
  ModelMetadata metadata;
  std::string file;
};

/// How the member prepares pixels from 0 to 1: what they are multiplied by and what is added, both
/// [1,C,1,1].
struct PixelScaling {
  torch::Tensor factor;
  torch::Tensor shift;
};
PixelScaling scaling_from_unit_pixels(const Preprocessing& preprocessing);

/// The module of an ensemble's file: `features`, `forward` and `predict` as write_ensemble() says,
/// for images that `input` prepares. Submodules `member0`, `member1`, … hold the members, as
/// `model`, and share their weights. REQUIRES: all members' outputs are in the same order.
torch::jit::Module ensemble_module(const std::vector<EnsembleMember>& members,
                                   const Preprocessing& input, TargetKind kind);

}  // namespace transfer
