#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/classifier.h"
#include "models/feature_block.h"
#include "models/known_images.h"
#include "models/written_model.h"

namespace transfer {

/// Joins a cut network, whose `forward` returns features [N,D], and a head to the module that
/// `model.pt` holds. Its `forward` returns the head's outputs, `features` the head's input. The
/// submodule `trunk` shares the parameters of the argument; `head` holds a copy of the weights:
/// those of the last layer as `weight` and `bias`, hidden layers below as `hidden0`, `hidden1`, …
torch::jit::Module compose(const torch::jit::Module& trunk, const Head& head);

/// Copies the weights of `head` into the `head` of a composed module. REQUIRES: the same shape.
void set_head(torch::jit::Module& whole, const Head& head);

/// Adds the method `predict`: `forward`, divided by the temperature, then predictions_of().
void define_prediction(torch::jit::Module& whole, TargetKind kind, double temperature = 1);

/// A copy of a composed module whose `forward` returns [N,C+D], the outputs and the features beside
/// them. It shares the weights.
torch::jit::Module with_features(const torch::jit::Module& whole);

/// The backbone's metadata with the stages behind which a network that ends with these blocks can
/// still be cut: those up to the first block, since data of that one passes by what comes behind.
/// All stages where the classifier's input alone is there.
ModelMetadata metadata_of(const Backbone& backbone, const std::vector<FeatureBlock>& blocks);

/// The module paths of a backbone's stages inside a composed module.
std::vector<std::string> composed_stages(std::vector<std::string> stages);

/// Writes a composed module as model.pt, in evaluation mode, with the backbone's metadata, the
/// class names, the objective and the confidence inside, and with the methods of image_methods.h.
/// Where `expected` is given, it is first read back and compared with it (see written_model.h). Throws OutputError, and
/// ModelError where they differ; no file is left then.
void write_composition(torch::jit::Module whole, ModelMetadata backbone,
                       const std::vector<std::string>& classes, const Objective& objective,
                       const std::filesystem::path& file,
                       const std::optional<ExpectedOutputs>& expected,
                       const Confidence& confidence);

}  // namespace transfer
