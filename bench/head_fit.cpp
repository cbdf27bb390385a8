#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "app/training/head_fit.h"
#include "app/training/weight_decay_search.h"
#include "core/stopwatch.h"

namespace {

using namespace transfer;

/// Features of images whose classes overlap: their axes' deviations fall as a power law, as those
/// of networks do.
FeatureSet made_features(std::int64_t images, std::int64_t classes, std::int64_t features) {
  torch::manual_seed(0);
  const auto labels = torch::arange(images).remainder(classes);
  const auto deviations = torch::arange(1, features + 1).to(torch::kFloat32).pow(-0.5);
  const auto centres = torch::randn({classes, features});
  FeatureSet set;
  set.views.push_back(FeatureTable::in_memory(images, features));
  constexpr std::int64_t kChunk = 4096;
  const auto turn = std::get<0>(torch::linalg_qr(torch::randn({features, features})));
  for (std::int64_t first = 0; first < images; first += kChunk) {
    const std::int64_t count = std::min(kChunk, images - first);
    const auto own = centres.index_select(0, labels.narrow(0, first, count));
    const auto around = (own + 5.0 * torch::randn({count, features})) * deviations;
    set.views.back().write(first, around.matmul(turn).relu());
  }
  set.labels = labels;
  set.samples.resize(static_cast<std::size_t>(images));
  return set;
}

void write_raw(const std::string& file, const torch::Tensor& tensor) {
  const auto whole = tensor.contiguous();
  std::ofstream(file, std::ios::binary)
      .write(static_cast<const char*>(whole.const_data_ptr()),
             static_cast<std::streamsize>(whole.nbytes()));
}

}  // namespace

/// The choice of the weight decay and the fit of a softmax head, on features made here. Prints
/// JSON; with PREFIX writes what another program needs to solve the same problem: PREFIX.features
/// (scaled, float32), PREFIX.labels (int64), PREFIX.weight and PREFIX.bias.
///
/// Usage: head_fit IMAGES CLASSES FEATURES THREADS [PREFIX]
int main(int argc, char** argv) {
  if (argc < 5) {
    fmt::print(stderr, "usage: head_fit IMAGES CLASSES FEATURES THREADS [PREFIX]\n");
    return 2;
  }
  const auto number = [argv](int position) { return std::strtol(argv[position], nullptr, 10); };
  at::set_num_threads(static_cast<int>(number(4)));
  const FeatureSet set = made_features(number(1), number(2), number(3));
  HeadProblem problem{set, set, number(2), measure_scaling(set)};
  problem.options.patience = 0;
  const Stopwatch choosing;
  const WeightDecayChoice choice = choose_weight_decay(problem);
  const double choose_seconds = choosing.seconds();
  problem.weight_decay = choice.weight_decay;
  const Stopwatch fitting;
  const FittedHead fitted = fit_head(problem);
  const double fit_seconds = fitting.seconds();
  fmt::print(
      "{{\"choose_seconds\": {:.3f}, \"fit_seconds\": {:.3f}, \"decays_tried\": {}, "
      "\"weight_decay\": {:.9g}, \"cross_validated_accuracy\": {:.4f}, \"iterations\": {}, "
      "\"converged\": {}, \"gradient_norm\": {:.2e}}}\n",
      choose_seconds, fit_seconds, choice.scores.size(), problem.weight_decay, choice.score.value,
      fitted.epochs, fitted.end == TrainingEnd::kConvergence, fitted.gradient_norm);
  if (argc < 6) return 0;
  const std::string prefix = argv[5];
  const auto scaled = problem.scaling.apply(set.views.front().read(0, set.rows()));
  const auto& layer = fitted.head.last();
  write_raw(prefix + ".features", scaled);
  write_raw(prefix + ".labels", set.labels);
  write_raw(prefix + ".weight", layer.weight * problem.scaling.scale);
  write_raw(prefix + ".bias", layer.bias + layer.weight.matmul(problem.scaling.mean));
  return 0;
}
