#include "models/written_model.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>

#include "core/errors.h"
#include "models/classifier.h"
#include "models/torch_error.h"

namespace transfer {
namespace {

void require_same(const char* method, const torch::Tensor& found, const torch::Tensor& expected,
                  double tolerance, const std::string& file) {
  const double scale = std::max(expected.abs().max().item<double>(), 1e-6);
  const bool same = found.sizes() == expected.sizes() &&
                    at::allclose(found.to(torch::kFloat), expected.to(torch::kFloat), tolerance,
                                 tolerance * scale, /*equal_nan=*/true);
  if (same) return;
  throw ModelError(fmt::format(
      "{}: was not written: read back, `{}` of the trained model gives other values than the "
      "network that was trained. Export the backbone again, traced instead of scripted or the "
      "other "
      "way round.",
      file, method));
}

}  // namespace

torch::Tensor sample_image(const Preprocessing& p) {
  const auto generator = at::detail::createCPUGenerator(2);
  return at::randn({1, p.channels, p.height, p.width}, generator);
}

void require_same_outputs(torch::jit::Module reloaded, const ExpectedOutputs& expected,
                          TargetKind kind, const std::string& file) {
  const torch::NoGradGuard no_gradients;
  // Optimising the graphs would take longer than the single runs.
  const torch::jit::GraphOptimizerEnabledGuard without_plans(false);
  const auto run = [&](const char* method) {
    try {
      return reloaded.get_method(method)({expected.image}).toTensor();
    } catch (const std::exception& error) {
      if (is_out_of_memory(error)) throw;
      throw ModelError(fmt::format(
          "{}: was not written: read back, `{}` of the trained model fails. Export the backbone "
          "again, traced instead of scripted or the other way round. [LibTorch: {}]",
          file, method, cause_of(error.what())));
    }
  };
  require_same("features", run("features"), expected.features, expected.tolerance, file);
  require_same("forward", run("forward"), expected.outputs, expected.tolerance, file);
  require_same("predict", run("predict"),
               predictions_of(expected.outputs / expected.temperature, kind), expected.tolerance,
               file);
}

}  // namespace transfer
