#pragma once

#include <torch/types.h>

#include <filesystem>
#include <string>

#include "core/trust.h"
#include "models/metadata.h"

namespace transfer {

struct OnnxExportOptions {
  /// Whether the network takes uint8 pixels [N,H,W,C] of its input's size, in RGB, and gives
  /// probabilities; else normalised float32 [N,C,H,W] and logits.
  bool with_preprocessing = false;
};

/// A model as ONNX, and what it computes for some images, to compare the file with.
struct OnnxExport {
  std::string bytes;
  ModelMetadata metadata;
  std::size_t nodes = 0;
  /// Whether the model keeps known images (models/known_images.h), which the file leaves out.
  bool has_known_images = false;
  /// What the file takes: three images, always the same.
  torch::Tensor images;
  /// What our own forward gives for them, [3,classes].
  torch::Tensor outputs;
};

/// Translates a model that `transfer` trained. Throws ModelError where it is none, where it is an
/// ensemble, which prepares images for each member, and, with operator and layer, for what ONNX or
/// the table of operators cannot say.
OnnxExport export_to_onnx(const std::filesystem::path& model, const Trust& trust,
                          const OnnxExportOptions& options);

}  // namespace transfer
