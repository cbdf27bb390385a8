#include "app/features/model_logits.h"

#include <algorithm>
#include <numeric>

namespace transfer {

std::int64_t evaluation_batch(std::int64_t images) {
  return std::clamp<std::int64_t>(images, 1, 32);
}

ImageLogits image_logits(ImagePass pass, std::int64_t classes,
                         const std::function<torch::Tensor(const torch::Tensor&)>& forward,
                         const EvaluationPart& part) {
  const auto count = static_cast<std::int64_t>(pass.samples.size());
  ImageLogits result;
  result.logits = torch::zeros({count, classes});
  const std::int64_t size = evaluation_batch(count);
  const auto batches = part.batches((count + size - 1) / size);
  const std::int64_t first = batches.first * size;
  const std::int64_t rows = std::min(batches.count * size, count - first);
  if (rows <= 0) return result;
  pass.loader.order.resize(static_cast<std::size_t>(rows));
  std::iota(pass.loader.order.begin(), pass.loader.order.end(), first);
  pass.loader.batch_size = size;
  pass.loader.workers = std::min(pass.threads, std::max<std::int64_t>(count, 1));
  result.broken =
      run_over_images(pass, forward, [&](const Batch& batch, const torch::Tensor& logits) {
        result.logits.narrow(0, first + batch.first, batch.count)
            .copy_(logits.narrow(0, 0, batch.count));
      });
  for (const BrokenImage& image : result.broken) result.logits[image.sample].zero_();
  return result;
}

ImageLogits model_logits(const Classifier& model, const std::vector<Sample>& samples,
                         torch::Device device, std::int64_t threads, const std::string& title) {
  ImagePass pass;
  pass.samples = samples;
  pass.device = device;
  pass.threads = threads;
  pass.title = title;
  pass.loader.preprocessing = model.metadata().preprocessing;
  // Fewer images do not save the time that compiling takes.
  constexpr std::size_t kWorthFusing = 64;
  const Fusion fusion = samples.size() >= kWorthFusing ? Fusion::kAuto : Fusion::kOff;
  return image_logits(
      std::move(pass), static_cast<std::int64_t>(model.metadata().classes.size()),
      [&model, fusion](const torch::Tensor& images) { return model.logits(images, fusion); });
}

}  // namespace transfer
