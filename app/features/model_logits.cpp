#include "app/features/model_logits.h"

#include <algorithm>
#include <numeric>

#include "app/features/model_rows.h"
#include "app/features/test_time_views.h"

namespace transfer {

std::int64_t evaluation_batch(std::int64_t images) {
  return std::clamp<std::int64_t>(images, 1, 32);
}

Fusion fusion_for(std::size_t images) {
  constexpr std::size_t kWorthFusing = 64;
  return images >= kWorthFusing ? Fusion::kAuto : Fusion::kOff;
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

namespace {

/// A pass over images that a finished model is to see.
ImagePass pass_of(const Classifier& model, const std::vector<Sample>& samples, torch::Device device,
                  std::int64_t threads, const std::string& title) {
  ImagePass pass;
  pass.samples = samples;
  pass.device = device;
  pass.threads = threads;
  pass.title = title;
  pass.loader.preprocessing = model.metadata().preprocessing;
  return pass;
}

}  // namespace

ImageLogits model_logits(const Classifier& model, const std::vector<Sample>& samples,
                         torch::Device device, std::int64_t threads, const std::string& title,
                         std::int64_t views) {
  const Fusion fusion = fusion_for(samples.size());
  return image_logits(pass_of(model, samples, device, threads, title),
                      static_cast<std::int64_t>(model.metadata().classes.size()),
                      [&](const torch::Tensor& images) {
                        return outputs_of_views(
                            images, views, model.metadata().objective.targets(),
                            [&](const torch::Tensor& view) { return model.logits(view, fusion); });
                      });
}

torch::Tensor model_rows(const Classifier& model, const torch::Tensor& images,
                         const StreamOptions& options, Fusion fusion) {
  const torch::NoGradGuard no_gradients;
  const torch::Tensor own =
      model.known() != nullptr ? model.scored_logits(images, fusion) : model.logits(images, fusion);
  if (options.views == 1 && !options.keeps_own_outputs) return own;
  const auto outputs = static_cast<std::int64_t>(model.metadata().classes.size());
  const torch::Tensor own_outputs = own.narrow(1, 0, outputs);
  MeanOfViews mean(model.metadata().objective.targets());
  mean.add(own_outputs);
  for (std::int64_t view = 1; view < options.views; ++view) {
    mean.add(model.logits(test_time_view(images, view), fusion));
  }
  std::vector<torch::Tensor> columns = {mean.outputs(),
                                        own.narrow(1, outputs, own.size(1) - outputs)};
  if (options.keeps_own_outputs) columns.push_back(own_outputs);
  return torch::cat(columns, 1);
}

void stream_model_logits(const Classifier& model, const std::vector<Sample>& samples,
                         torch::Device device, std::int64_t threads, const StreamOptions& options,
                         const std::function<void(const RowBlock&)>& take) {
  if (options.first >= samples.size()) return;
  const auto count = static_cast<std::int64_t>(samples.size());
  const auto first = static_cast<std::int64_t>(options.first);
  ImagePass pass = pass_of(model, samples, device, threads, options.title);
  pass.loader.order.resize(samples.size() - options.first);
  std::iota(pass.loader.order.begin(), pass.loader.order.end(), first);
  pass.loader.batch_size = evaluation_batch(count);
  pass.loader.workers = threads;
  pass.progress = options.progress;
  const Fusion fusion = fusion_for(samples.size());
  const auto forward = [&](const torch::Tensor& images) {
    return model_rows(model, images, options, fusion);
  };
  stream_over_images(pass, forward, [&](const RowBlock& block) {
    take({first + block.first, block.rows, block.broken});
  });
}

}  // namespace transfer
