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
#include "models/layer_use.h"
#include "models/surgery.h"
#include "models/torch_error.h"
#include "models/weight_values.h"
#include "models/weights.h"
#include "models/written_buffer.h"

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
  const std::string size = fmt::format("{}x{} pixels with {} channel{}", p.height, p.width,
                                       p.channels, p.channels == 1 ? "" : "s");
  if (p.channels == 3 && takes(module, random_images(1, 1, p.height, p.width))) {
    return fmt::format(
        "the network does not take an image of {}{}, but one of 1 channel. Set input.channels=1.",
        size, failed.where);
  }
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

bool are_close_within(double tolerance, const torch::Tensor& one, const torch::Tensor& other) {
  const double scale = std::max(other.nan_to_num().abs().max().item<double>(), 1e-6);
  return at::allclose(one, other, tolerance, tolerance * scale, /*equal_nan=*/true);
}

/// Runs the features of random images, as training and prediction will.
class DryPass {
 public:
  explicit DryPass(const Backbone& backbone)
      : backbone_(backbone),
        module_(backbone.implementation().module),
        features_(feature_graph(module_, backbone.implementation().classifier, backbone.file())),
        images_(own_images(2, backbone.metadata().preprocessing)),
        tolerance_(quantised_operator(*features_, /*static_only=*/false).empty() ? 1e-3 : 5e-2) {}

  void check() {
    const torch::Tensor together = run_together();
    require_finite(together);
    const auto stored = with_channels_last_weights();
    for (std::int64_t i = 0; i < images_.size(0); ++i) check_image(i, together, stored);
  }

 private:
  bool are_close(const torch::Tensor& one, const torch::Tensor& other) const {
    return are_close_within(tolerance_, one, other);
  }

  torch::Tensor image(std::int64_t position) const { return images_.narrow(0, position, 1); }

  torch::Tensor run_together() const {
    try {
      return run_apart(module_, features_, images_);
    } catch (const std::exception& error) {
      if (is_out_of_memory(error)) throw;
      if (!takes(module_, image(0))) throw explain_failed_pass(backbone_, error);
      const std::string layer = failing_layer(module_, images_);
      throw ModelError(fmt::format(
          "{}: the network takes one image but not two at once{}: the size of a batch is written "
          "into its program. Script it, or trace it with a batch of two and without sizes taken "
          "from x.shape as numbers. [LibTorch: {}]",
          backbone_.file(), layer.empty() ? "" : fmt::format(", in '{}'", layer),
          cause_of(error.what())));
    }
  }

  void require_finite(const torch::Tensor& features) const {
    if (features.isfinite().all().item<bool>()) return;
    const std::string weight = describe_unusable_weight(module_, features_);
    if (!weight.empty()) {
      throw ModelError(fmt::format(
          "{}: {}, so nothing can be computed with it. The weights diverged or were damaged; "
          "export the network from an earlier checkpoint.",
          backbone_.file(), weight));
    }
    const auto pixels = run_apart(module_, features_, random_pixels());
    if (pixels.isfinite().all().item<bool>()) return;
    throw ModelError(fmt::format(
        "{}: the features of random images are NaN or infinite, though no weight is. Set "
        "input.scale, input.mean and input.std to those with which it was trained, or export it in "
        "float32.",
        backbone_.file()));
  }

  /// Images with pixels in their range, normalised.
  torch::Tensor random_pixels() const {
    const Preprocessing& p = backbone_.metadata().preprocessing;
    const auto generator = at::detail::createCPUGenerator(1);
    const double range = p.scale == PixelScale::kOne ? 1.0 : 255.0;
    const auto pixels = range * at::rand(images_.sizes(), generator);
    return (pixels - torch::tensor(p.mean).view({1, -1, 1, 1})) /
           torch::tensor(p.std).view({1, -1, 1, 1});
  }

  torch::jit::Module with_channels_last_weights() const {
    const torch::NoGradGuard no_gradients;
    auto copy = copy_with_weights(module_);
    to_channels_last(copy);
    return copy;
  }

  /// An image alone, in the layout in which images are fed, must give its row of the batch.
  void check_image(std::int64_t position, const torch::Tensor& together,
                   const torch::jit::Module& stored) const {
    torch::Tensor alone;
    const auto images = image(position);
    const auto fed = images.contiguous(torch::MemoryFormat::ChannelsLast);
    try {
      alone = run_apart(stored, features_, fed);
    } catch (const std::exception& error) {
      if (is_out_of_memory(error)) throw;
      if (!takes(module_, images)) throw explain_failed_pass(backbone_, error);
      refuse_layout(failing_layer(stored, fed), cause_of(error.what()));
    }
    const bool has_rows =
        together.dim() > 0 && alone.dim() > 0 && together.size(0) == 2 && alone.size(0) == 1;
    if (!has_rows) {
      throw ModelError(fmt::format(
          "{}: the network returns [{}] for one image and [{}] for two. Expected one row per "
          "image; export it with a forward that keeps the batch dimension.",
          backbone_.file(), fmt::join(alone.sizes(), ", "), fmt::join(together.sizes(), ", ")));
    }
    const auto row = together.narrow(0, position, 1);
    if (row.sizes() == alone.sizes() && are_close(row, alone)) return;
    explain_difference(position, row, alone);
  }

  [[noreturn]] void explain_difference(std::int64_t position, const torch::Tensor& row,
                                       const torch::Tensor& fed) const {
    const auto once = run_apart(module_, features_, image(position));
    const auto twice = run_apart(module_, features_, image(position));
    const bool is_steady = once.sizes() == twice.sizes() && are_close(once, twice);
    if (is_steady && once.sizes() == row.sizes() && are_close(once, row)) {
      refuse_layout(
          "", fmt::format("largest difference {:.3g}", (once - fed).abs().max().item<double>()));
    }
    const std::string buffer = is_steady ? "" : written_buffer(module_, image(position));
    if (!buffer.empty()) refuse_written_buffer(buffer, backbone_.file());
    throw ModelError(fmt::format(
        "{}: the network's output for an image {}. Export it in evaluation mode (model.eval()), "
        "{}.",
        backbone_.file(),
        is_steady ? "depends on the other images of its batch" : "changes from run to run",
        is_steady
            ? "with BatchNorm's running statistics and without x[0] or other rows of the batch"
            : "without random numbers"));
  }

  [[noreturn]] void refuse_layout(const std::string& layer, const std::string& cause) const {
    throw ModelError(fmt::format(
        "{}: the network depends on how its images lie in memory{}: it takes contiguous ones, but "
        "images and activations are channels-last here. Replace torch.as_strided, .stride() and "
        "writes to a .view() by reshape and indexing, and export it again. [LibTorch: {}]",
        backbone_.file(), layer.empty() ? "" : fmt::format(", in '{}'", layer), cause));
  }

  const Backbone& backbone_;
  const torch::jit::Module& module_;
  std::shared_ptr<torch::jit::Graph> features_;
  torch::Tensor images_;
  /// Dynamic quantisation rounds by the range of the whole batch.
  double tolerance_;
};

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

void require_pass(const Backbone& backbone) { DryPass(backbone).check(); }

}  // namespace transfer
