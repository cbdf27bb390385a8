#include "models/feature_check.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <optional>

#include "core/errors.h"
#include "core/lack_of_resources.h"
#include "models/graph_calls.h"
#include "models/graph_outputs.h"
#include "models/pooling_check.h"
#include "models/surgery.h"
#include "models/written_buffer.h"

namespace transfer {

using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Value;

namespace {

constexpr std::int64_t kSmallSide = 64;
constexpr std::int64_t kLargerSide = 96;

struct ProbeSize {
  std::int64_t height;
  std::int64_t width;
};

std::shared_ptr<Graph> up_to_classifier(const Module& module, const ClassifierLayer& layer,
                                        const std::string& file) {
  const auto exposed = expose_classifier(module, layer, file);
  end_at(*exposed.graph, exposed.input);
  remove_unused(exposed.graph);
  return exposed.graph;
}

class FeatureMeasurement {
 public:
  FeatureMeasurement(const Module& module, const OriginalForward& original,
                     const Preprocessing& preprocessing, const std::string& file)
      : module_(module),
        original_(original),
        channels_(preprocessing.channels),
        full_{preprocessing.height, preprocessing.width},
        file_(file) {}

  bool measure(ClassifierLayer& layer) {
    const auto whole = module_.get_method("forward").graph();
    std::vector<ProbeSize> sizes = {full_};
    if (std::min(full_.height, full_.width) > kSmallSide) {
      sizes.insert(sizes.begin(), {kSmallSide, kSmallSide});
    }
    for (const ProbeSize size : sizes) {
      const auto images = random_images(2, size);
      const auto logits = run(whole, {images});
      if (!logits) continue;
      // Such as the average of a crop that is empty in a small image.
      const bool is_last = size.height == full_.height && size.width == full_.width;
      if (!is_last && !logits->isfinite().all().item<bool>()) continue;
      check_original(images, *logits);
      auto input = *logits;
      if (layer.kind != ClassifierKind::kNone) input = check_classifier(images, *logits, layer);
      if (layer.kind == ClassifierKind::kNone) check_output(images, *logits, layer);
      check_features(images, input, layer);
      return true;
    }
    if (!run(whole, {random_images(1, full_)})) return false;
    throw ModelError(fmt::format(
        "{}: the network takes one image at a time and fails for two: a size of the batch was "
        "fixed when it was traced. Export it with reshapes that keep the first dimension, such as "
        "x.flatten(1).",
        file_));
  }

 private:
  /// Drawn from a generator of its own, so that a run's random numbers stay the same.
  torch::Tensor random_images(std::int64_t count, ProbeSize size) const {
    const auto generator = at::detail::createCPUGenerator(16);
    return at::randn({count, channels_, size.height, size.width}, generator, torch::kFloat32);
  }

  /// The values that the graph returns; nothing if it fails.
  std::optional<c10::IValue> run_any(const std::shared_ptr<Graph>& graph,
                                     const std::vector<c10::IValue>& inputs) const {
    const auto flat = graph->copy();
    inline_all_calls(*flat);  // so that no method of the module keeps an execution plan
    torch::NoGradGuard no_gradients;
    torch::jit::Stack stack{module_._ivalue()};
    // Copies, since a network may write to its input.
    for (const auto& input : inputs) {
      stack.push_back(input.isTensor() ? c10::IValue(input.toTensor().clone()) : input);
    }
    try {
      torch::jit::GraphExecutor(flat, "features", torch::jit::ExecutorExecutionMode::SIMPLE)
          .run(stack);
    } catch (const std::exception& error) {
      if (is_out_of_memory(error)) throw;
      return std::nullopt;
    }
    return stack.at(0);
  }

  std::optional<torch::Tensor> run(const std::shared_ptr<Graph>& graph,
                                   const std::vector<c10::IValue>& inputs) const {
    const auto result = run_any(graph, inputs);
    if (!result || !result->isTensor()) return std::nullopt;
    return result->toTensor();
  }

  /// The logits must be what `forward` returned before the surgery, or an element of it.
  void check_original(const torch::Tensor& images, const torch::Tensor& logits) const {
    if (module_.get_method("forward").graph().get() == original_.source) return;
    std::vector<c10::IValue> inputs = {images};
    inputs.insert(inputs.end(), original_.defaults.begin(), original_.defaults.end());
    const auto result = run_any(original_.graph, inputs);
    if (result && contains(*result, logits)) return;
    refuse("the logits that were found in its graph", images);
  }

  static bool contains(const c10::IValue& value, const torch::Tensor& logits) {
    if (value.isTensor()) return agree(value.toTensor(), logits);
    if (!value.isTuple()) return false;
    const auto& elements = value.toTupleRef().elements();
    return std::any_of(elements.begin(), elements.end(),
                       [&](const c10::IValue& element) { return contains(element, logits); });
  }

  /// Returns the classifier's input; the logits if that is no input of a classifier.
  torch::Tensor check_classifier(const torch::Tensor& images, const torch::Tensor& logits,
                                 ClassifierLayer& layer) const {
    const auto input = run(up_to_classifier(module_, layer, file_), {images});
    if (!input) refuse("the part up to its classifier", images);
    if (input->dim() < 2 || input->size(0) != images.size(0)) {
      const std::string ending =
          fmt::format("its last layer '{}' sees a tensor of {} for {} images", layer.path,
                      fmt::join(input->sizes(), "x"), images.size(0));
      layer = ClassifierLayer{};
      layer.ending = ending;
      return logits;
    }
    const auto behind = behind_classifier(module_, layer, file_);
    // Sizes may come from the image, values only from the classifier's input.
    const auto blank = torch::zeros_like(images);
    const auto again = run(behind, {*input, blank});
    if (!again || !agree(*again, logits)) {
      refuse(fmt::format("its classifier '{}', applied to its own input,", layer.path), images);
    }
    const bool is_linear = layer.kind == ClassifierKind::kLinear;
    if (layer.out_features == 0) layer.out_features = logits.size(is_linear ? -1 : 1);
    const auto averaging = without_activations(behind);
    const bool pools_alike = choose_pooling(*input, layer, [&](const torch::Tensor& value) {
      return run(averaging, {value, blank});
    });
    if (pools_alike) return *input;
    const std::string ending =
        fmt::format("the outputs of its last layer '{}' are joined otherwise than by their average",
                    layer.path);
    layer = ClassifierLayer{};
    layer.ending = ending;
    return logits;
  }

  void check_output(const torch::Tensor& images, const torch::Tensor& output,
                    ClassifierLayer& layer) const {
    const bool can_serve = output.is_floating_point() && output.dim() >= 2 && output.dim() <= 4 &&
                           output.size(0) == images.size(0);
    if (!can_serve) {
      throw ModelError(fmt::format(
          "{}: no classifier was found ({}), and the network returns {} of {} for {} images, which "
          "cannot serve as features. Expected float numbers [N,D]; export it with a forward that "
          "returns the logits or the features alone.",
          file_, layer.ending, c10::toString(output.scalar_type()), fmt::join(output.sizes(), "x"),
          images.size(0)));
    }
    if (output.dim() == 2) return;
    layer.pooled = pooled_dimensions(output.sizes());
    // Which dimensions are the image's shows with an image of another size.
    const auto other = run(module_.get_method("forward").graph(),
                           {random_images(images.size(0), {kLargerSide, kLargerSide})});
    if (!other || other->dim() != output.dim()) return;
    std::vector<std::int64_t> changed;
    for (std::int64_t i = 1; i < output.dim(); ++i) {
      if (other->size(i) != output.size(i)) changed.push_back(i);
    }
    if (static_cast<std::int64_t>(changed.size()) == output.dim() - 2) layer.pooled = changed;
  }

  /// Compares what a cut network returns with what its definition says.
  void check_features(const torch::Tensor& images, const torch::Tensor& input,
                      ClassifierLayer& layer) const {
    auto expected = input;
    if (layer.token) {
      expected = input.select(1, *layer.token);
    } else if (!layer.pooled.empty()) {
      expected = input.mean(layer.pooled);
    }
    const auto features = run(feature_graph(module_, layer, file_), {images});
    if (!features || features->dim() != 2 || !agree(*features, expected)) {
      refuse("the part that computes its features", images);
    }
    layer.in_features = features->size(1);
  }

  [[noreturn]] void refuse(const std::string& part, const torch::Tensor& images) const {
    const auto whole = module_.get_method("forward").graph();
    const auto once = run(whole, {images});
    const auto twice = run(whole, {images});
    if (once && twice && !torch::equal(once->nan_to_num(), twice->nan_to_num())) {
      const std::string buffer = written_buffer(module_, images);
      if (!buffer.empty()) refuse_written_buffer(buffer, file_);
      throw ModelError(fmt::format(
          "{}: the network returns different outputs for the same image in evaluation mode, so its "
          "features cannot be checked. Export it without random operators (in evaluation mode).",
          file_));
    }
    throw ModelError(fmt::format(
        "{}: {} gives other values than the whole network does, so the network cannot be cut. "
        "Export it with a forward that returns the features [N,D] alone.",
        file_, part));
  }

  Module module_;
  const OriginalForward& original_;
  std::int64_t channels_;
  ProbeSize full_;
  const std::string& file_;
};

}  // namespace

OriginalForward original_forward(const Module& module) {
  const auto method = module.get_method("forward");
  OriginalForward original;
  original.source = method.graph().get();
  original.graph = method.graph()->copy();
  const auto& arguments = method.function().getSchema().arguments();
  for (std::size_t i = 2; i < arguments.size(); ++i) {
    original.defaults.push_back(arguments[i].default_value().value_or(c10::IValue()));
  }
  return original;
}

bool measure_features(const Module& module, const OriginalForward& original,
                      const Preprocessing& preprocessing, const std::string& file,
                      ClassifierLayer& layer) {
  return FeatureMeasurement(module, original, preprocessing, file).measure(layer);
}

}  // namespace transfer
