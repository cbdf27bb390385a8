#pragma once

#include <torch/types.h>

#include "app/features/model_logits.h"

namespace transfer {

/// What the model gives for prepared images [N,C,H,W], a row each on the CPU, as
/// stream_model_logits() hands them on: the outputs of all views, the UnknownScore where it keeps
/// known images, and the image's own outputs where they are kept. Of `options` only this counts.
/// Thread-safe. Throws as Classifier::logits() does.
torch::Tensor model_rows(const Classifier& model, const torch::Tensor& images,
                         const StreamOptions& options, Fusion fusion);

}  // namespace transfer
