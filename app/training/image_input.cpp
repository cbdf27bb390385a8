#include "app/training/image_input.h"

#include <optional>

namespace transfer {
namespace {

class ImageReader : public BatchReader {
 public:
  ImageReader(const std::vector<Sample>& samples, const LoaderOptions& options)
      : loader_(samples, options) {}

  std::optional<Batch> next() override { return loader_.next(); }

 private:
  Loader loader_;
};

}  // namespace

ImageInput::ImageInput(const Dataset& dataset, Preprocessing preprocessing, TrainedPart part,
                       torch::Device device, std::int64_t threads, Fusion fusion)
    : dataset_(dataset),
      preprocessing_(preprocessing),
      part_(std::move(part)),
      device_(device),
      threads_(threads),
      fusion_(fusion) {}

std::unique_ptr<BatchReader> ImageInput::read(const LoaderOptions& epoch) {
  return std::make_unique<ImageReader>(dataset_.train, epoch);
}

ImageLogits ImageInput::evaluate(const TrainableNetwork& network, EvaluatedSplit split,
                                 const std::string& title, const EvaluationPart& part) {
  ImagePass pass;
  pass.samples = images_of(dataset_, split);
  pass.device = device_;
  pass.threads = threads_;
  pass.title = title;
  pass.tells_end = false;  // the trainer says what came of it
  pass.loader.preprocessing = preprocessing_;
  std::optional<FrozenPrefix> frozen;
  if (device_.is_cpu() && fusion_ == Fusion::kAuto &&
      fusion_for(pass.samples.size()) == Fusion::kAuto) {
    frozen.emplace(network.frozen_whole(Fusion::kAuto));
  }
  return image_logits(
      std::move(pass), network.classes(),
      [&](const torch::Tensor& images) {
        const torch::NoGradGuard no_gradients;
        if (frozen) return frozen->activations(images);
        return part_.logits(network, part_.input_of(images)).to(torch::kCPU);
      },
      part);
}

}  // namespace transfer
