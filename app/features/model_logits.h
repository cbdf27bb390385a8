#pragma once

#include <torch/types.h>

#include <functional>
#include <vector>

#include "app/features/picture_pass.h"
#include "datasets/loader.h"
#include "models/classifier.h"

namespace transfer {

/// What a network says of a list of pictures.
struct PictureLogits {
  torch::Tensor logits;  ///< [N,C]; rows of broken pictures are zero
  std::vector<BrokenPicture> broken;
};

/// Pictures a batch where `pictures` are evaluated.
std::int64_t evaluation_batch(std::int64_t pictures);

/// The batches of an evaluation that one of several processes runs.
struct EvaluationPart {
  std::int64_t rank = 0;
  std::int64_t processes = 1;

  struct Batches {
    std::int64_t first = 0;
    std::int64_t count = 0;
  };
  /// Consecutive ones, of `all`.
  Batches batches(std::int64_t all) const {
    const std::int64_t first = all * rank / processes;
    return {first, all * (rank + 1) / processes - first};
  }
};

/// Runs `forward` (images [n,C,H,W] → logits [n,classes] on any device) over `part` of the
/// pictures; the logits of the others are zero. `pass.loader` needs the preprocessing only.
/// `forward` is called from several threads at once.
PictureLogits picture_logits(PicturePass pass, std::int64_t classes,
                             const std::function<torch::Tensor(const torch::Tensor&)>& forward,
                             const EvaluationPart& part = {});

/// The same for a finished model. `title` names the work on the progress bar.
PictureLogits model_logits(const Classifier& model, const std::vector<Sample>& samples,
                           torch::Device device, std::int64_t threads, const std::string& title);

}  // namespace transfer
