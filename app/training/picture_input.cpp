#include "app/training/picture_input.h"

namespace transfer {
namespace {

class PictureReader : public BatchReader {
 public:
  PictureReader(const std::vector<Sample>& samples, const LoaderOptions& options)
      : loader_(samples, options) {}

  std::optional<Batch> next() override { return loader_.next(); }

 private:
  Loader loader_;
};

}  // namespace

PictureInput::PictureInput(const std::vector<Sample>& train, Preprocessing preprocessing,
                           TrainedPart part, torch::Device device, std::int64_t threads)
    : train_(train),
      preprocessing_(preprocessing),
      part_(std::move(part)),
      device_(device),
      threads_(threads) {}

std::unique_ptr<BatchReader> PictureInput::read(const LoaderOptions& epoch) {
  return std::make_unique<PictureReader>(train_, epoch);
}

PictureLogits PictureInput::evaluate(const TrainableNetwork& network,
                                     const std::vector<Sample>& samples, const std::string& title,
                                     const EvaluationPart& part) {
  PicturePass pass;
  pass.samples = samples;
  pass.device = device_;
  pass.threads = threads_;
  pass.title = title;
  pass.loader.preprocessing = preprocessing_;
  return picture_logits(
      std::move(pass), network.classes(),
      [&](const torch::Tensor& images) {
        torch::NoGradGuard no_gradients;
        return part_.logits(network, part_.input_of(images)).to(torch::kCPU);
      },
      part);
}

}  // namespace transfer
