#include "app/features/model_logits.h"

#include <algorithm>

#include "app/features/picture_pass.h"

namespace transfer {

PictureLogits model_logits(const Classifier& model, const std::vector<Sample>& samples,
                           torch::Device device, std::int64_t threads, const std::string& title) {
  constexpr std::int64_t kBatchSize = 32;
  const auto count = static_cast<std::int64_t>(samples.size());
  PictureLogits result;
  result.logits = torch::zeros({count, static_cast<std::int64_t>(model.metadata().classes.size())});
  LoaderOptions loader;
  loader.preprocessing = model.metadata().preprocessing;
  loader.batch_size = std::clamp<std::int64_t>(count, 1, kBatchSize);
  loader.workers = std::min(threads, std::max<std::int64_t>(count, 1));
  const PicturePass pass{samples, loader, device, threads, title};
  result.broken = run_over_pictures(
      pass, [&model](const torch::Tensor& images) { return model.logits(images); },
      [&result](const Batch& batch, const torch::Tensor& logits) {
        result.logits.narrow(0, batch.first, batch.count).copy_(logits.narrow(0, 0, batch.count));
      });
  for (const BrokenPicture& picture : result.broken) result.logits[picture.sample].zero_();
  return result;
}

}  // namespace transfer
