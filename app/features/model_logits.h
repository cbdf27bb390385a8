#pragma once

#include <torch/types.h>

#include <functional>
#include <vector>

#include "app/features/image_pass.h"
#include "app/features/row_stream.h"
#include "datasets/loader.h"
#include "models/classifier.h"

namespace transfer {

/// Outputs of a network for a list of images.
struct ImageLogits {
  torch::Tensor logits;  ///< [N,C]; rows of broken images are zero
  std::vector<BrokenImage> broken;
};

/// Batch size for evaluating `images` images.
std::int64_t evaluation_batch(std::int64_t images);

/// Whether a network should run fused that sees so many images: fewer do not save the time that
/// compiling takes.
Fusion fusion_for(std::size_t images);

/// Which batches of an evaluation one of several processes runs.
struct EvaluationPart {
  std::int64_t rank = 0;
  std::int64_t processes = 1;

  struct Batches {
    std::int64_t first = 0;
    std::int64_t count = 0;
  };
  /// Consecutive batches out of `all`.
  Batches batches(std::int64_t all) const {
    const std::int64_t first = all * rank / processes;
    return {first, all * (rank + 1) / processes - first};
  }
};

/// Runs `forward` (images [n,C,H,W] → logits [n,classes] on any device) over `part` of the
/// images; the logits of the others are zero. `pass.loader` needs the preprocessing only.
/// `forward` is called from several threads at once.
ImageLogits image_logits(ImagePass pass, std::int64_t classes,
                         const std::function<torch::Tensor(const torch::Tensor&)>& forward,
                         const EvaluationPart& part = {});

/// The same for a finished model. `title` names the work on the progress bar. With several `views`
/// the outputs are those whose predictions are the mean over test_time_view()s.
ImageLogits model_logits(const Classifier& model, const std::vector<Sample>& samples,
                         torch::Device device, std::int64_t threads, const std::string& title,
                         std::int64_t views = 1);

/// The images of a list that a pass begins at, and how it shows itself.
struct StreamOptions {
  /// Images in front of this one are left out. How the others are computed does not depend on it.
  std::size_t first = 0;
  std::string title;
  /// As ImagePass::progress.
  Progress* progress = nullptr;
  /// As for model_logits(). The score of known images is always that of the image itself.
  std::int64_t views = 1;
  /// Whether the rows end with the outputs for the image itself, beside those of all views.
  bool keeps_own_outputs = false;
};

/// The same, but hands the logits to `take` in the order of the images, as soon as they are there;
/// see stream_over_images(). Where the model keeps known images, the rows are its scored_logits().
/// Positions are those in `samples`.
void stream_model_logits(const Classifier& model, const std::vector<Sample>& samples,
                         torch::Device device, std::int64_t threads, const StreamOptions& options,
                         const std::function<void(const RowBlock&)>& take);

}  // namespace transfer
