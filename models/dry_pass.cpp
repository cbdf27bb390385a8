#include "models/dry_pass.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <regex>

#include "core/errors.h"
#include "models/archive.h"
#include "models/failing_layer.h"
#include "models/torch_error.h"

namespace transfer {
namespace {

/// Sizes for which networks are made, in pixels.
constexpr std::int64_t kUsualSizes[] = {28,  32,  48,  64,  96,  112, 128, 160, 192,
                                        224, 240, 256, 288, 299, 331, 384, 448, 512};

torch::Tensor random_images(std::int64_t count, std::int64_t channels, std::int64_t height,
                            std::int64_t width) {
  const auto generator = at::detail::createCPUGenerator(1);
  return at::randn({count, channels, height, width}, generator);
}

torch::Tensor own_images(std::int64_t count, const Preprocessing& p) {
  return random_images(count, p.channels, p.height, p.width);
}

bool takes(const torch::jit::Module& module, const torch::Tensor& images) {
  try {
    run_apart(module, images);
    return true;
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    return false;
  }
}

/// The usual size nearest to the one that failed that the network takes; 0 without one.
std::int64_t size_taken(const torch::jit::Module& module, const Preprocessing& p) {
  std::vector<std::int64_t> sizes(std::begin(kUsualSizes), std::end(kUsualSizes));
  const auto distance = [&p](std::int64_t size) {
    return std::abs(std::log(static_cast<double>(size) / static_cast<double>(p.height)));
  };
  std::stable_sort(sizes.begin(), sizes.end(), [&](std::int64_t one, std::int64_t other) {
    return distance(one) < distance(other);
  });
  for (const std::int64_t size : sizes) {
    if (takes(module, random_images(1, p.channels, size, size))) return size;
  }
  return 0;
}

/// A failed pass: what LibTorch says and in which layer (" in 'fc'").
struct FailedPass {
  std::string cause;
  std::string where;
};

bool mentions(const std::string& text, const char* pattern) {
  return std::regex_search(text, std::regex(pattern, std::regex::icase));
}

/// What is wrong and what to do, for an image that does not pass.
std::string explanation(const torch::jit::Module& module, const Preprocessing& p,
                        const FailedPass& failed) {
  if (mentions(failed.cause, "cuda|nvidia|not linked with|same device|\\bMPS\\b|\\bXPU\\b")) {
    return fmt::format(
        "its program names a device that is not used here{}. Export it on the CPU: call "
        "model.cpu() before torch.jit.script or torch.jit.trace.",
        failed.where);
  }
  std::smatch numbers;
  static const std::regex channels("to have (\\d+) channels, but got (\\d+) channels");
  const bool are_counted = std::regex_search(failed.cause, numbers, channels);
  if (are_counted && std::stoll(numbers[2]) == p.channels) {
    return fmt::format(
        "the first layer reads images of {} channels{}, and these have {}. Set input.channels={}.",
        numbers[1].str(), failed.where, p.channels, numbers[1].str());
  }
  if (mentions(failed.cause, "dtype|scalar ?type|\\bHalf\\b|\\bDouble\\b|BFloat16")) {
    return fmt::format(
        "its program mixes number types{}. Export model.float(), without .half() and .double() in "
        "forward.",
        failed.where);
  }
  const std::string size = fmt::format("{}x{} pixels with {} channel{}", p.width, p.height,
                                       p.channels, p.channels == 1 ? "" : "s");
  const std::int64_t taken = size_taken(module, p);
  if (taken > 0) {
    return fmt::format(
        "the network does not take an image of {}{}, but one of {}x{}. Set data.input_size={}.",
        size, failed.where, taken, taken, taken);
  }
  return fmt::format(
      "the network does not take an image of {}{}, nor one of another usual size. If it was made "
      "for one size only, set data.input_size to it; otherwise export a network that runs in "
      "Python: torch.jit.load(FILE)(torch.zeros(1, {}, {}, {})).",
      size, failed.where, p.channels, p.height, p.width);
}

bool are_close(const torch::Tensor& one, const torch::Tensor& other) {
  constexpr double kTolerance = 1e-3;
  const double scale = std::max(other.abs().max().item<double>(), 1e-6);
  return at::allclose(one, other, kTolerance, kTolerance * scale, /*equal_nan=*/true);
}

/// Two images together must give what each gives alone.
void check_batch(const Backbone& backbone, const torch::Tensor& images,
                 const torch::Tensor& alone) {
  const auto& module = backbone.implementation().module;
  const std::string& file = backbone.file();
  torch::Tensor together;
  try {
    together = run_apart(module, images);
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    const std::string layer = failing_layer(module, images);
    throw ModelError(fmt::format(
        "{}: the network takes one image but not two at once{}: the size of a batch is written "
        "into its program. Script it, or trace it with a batch of two and without sizes taken from "
        "x.shape as numbers. [LibTorch: {}]",
        file, layer.empty() ? "" : fmt::format(", in '{}'", layer), cause_of(error.what())));
  }
  if (together.dim() == 0 || alone.dim() == 0 || together.size(0) != 2 || alone.size(0) != 1) {
    throw ModelError(fmt::format(
        "{}: the network returns [{}] for one image and [{}] for two. Expected one row per image; "
        "export it with a forward that keeps the batch dimension.",
        file, fmt::join(alone.sizes(), ", "), fmt::join(together.sizes(), ", ")));
  }
  const auto first = together.narrow(0, 0, 1);
  if (first.sizes() == alone.sizes() && are_close(first, alone)) return;
  const bool is_random = !are_close(run_apart(module, images.narrow(0, 0, 1)), alone);
  throw ModelError(fmt::format(
      "{}: the network's output for an image {}. Export it in evaluation mode (model.eval()), "
      "{}.",
      file, is_random ? "changes from run to run" : "depends on the other images of its batch",
      is_random ? "without random numbers" : "with BatchNorm's running statistics"));
}

}  // namespace

ModelError explain_failed_pass(const Backbone& backbone, const std::exception& error) {
  const auto& module = backbone.implementation().module;
  const Preprocessing& p = backbone.metadata().preprocessing;
  if (takes(module, own_images(1, p))) {
    return ModelError(fmt::format(
        "{}: the whole network runs, but not up to this cut. Cut at another stage that `transfer "
        "inspect` lists. [LibTorch: {}]",
        backbone.file(), cause_of(error.what())));
  }
  const std::string layer = failing_layer(module, own_images(1, p));
  const FailedPass failed{cause_of(error.what()),
                          layer.empty() ? "" : fmt::format(", in '{}'", layer)};
  return ModelError(fmt::format("{}: {} [LibTorch: {}]", backbone.file(),
                                explanation(module, p, failed), failed.cause));
}

void require_pass(const Backbone& backbone) {
  const auto images = own_images(2, backbone.metadata().preprocessing);
  torch::Tensor alone;
  try {
    alone = run_apart(backbone.implementation().module, images.narrow(0, 0, 1));
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    throw explain_failed_pass(backbone, error);
  }
  check_batch(backbone, images, alone);
}

}  // namespace transfer
