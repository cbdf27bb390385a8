#pragma once

#include <torch/types.h>

#include <vector>

#include "datasets/loader.h"
#include "models/classifier.h"

namespace transfer {

/// What a finished model says of a list of pictures.
struct PictureLogits {
  torch::Tensor logits;  ///< [N,C]; rows of broken pictures are zero
  std::vector<BrokenPicture> broken;
};

/// Runs a model over pictures. `title` names the work on the progress bar.
PictureLogits model_logits(const Classifier& model, const std::vector<Sample>& samples,
                           torch::Device device, std::int64_t threads, const std::string& title);

}  // namespace transfer
