#include "models/onnx/onnx_export.h"

#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/hash.h"
#include "models/archive.h"
#include "models/classifier.h"
#include "models/onnx/network_execution.h"
#include "models/onnx/onnx_graph.h"
#include "models/onnx/operators.h"
#include "models/temperature.h"
#include "models/torch_error.h"

namespace transfer {
namespace {

constexpr std::int64_t kCheckedImages = 3;

void refuse_ensemble(const ModelMetadata& metadata, const std::string& file) {
  if (metadata.members.empty()) return;
  throw ModelError(fmt::format(
      "{}: joins several models, each of which prepares images in its own way, and cannot be "
      "exported. Export its members one by one.",
      file));
}

/// mean or std as [1,C,1,1], in units of pixels from 0 to 255.
torch::Tensor in_pixels(const std::vector<float>& values, PixelScale scale) {
  torch::Tensor tensor = torch::tensor(values, torch::kFloat).reshape({1, -1, 1, 1});
  return scale == PixelScale::kOne ? tensor * 255 : tensor;
}

bool swaps_colours(const Preprocessing& p) {
  return p.channels == 3 && p.order == ChannelOrder::kBgr;
}

/// Pixels [N,H,W,C] → what the network takes.
torch::Tensor normalised(const torch::Tensor& pixels, const Preprocessing& p) {
  torch::Tensor images = pixels.permute({0, 3, 1, 2}).to(torch::kFloat);
  if (swaps_colours(p)) images = images.flip({1});
  return ((images - in_pixels(p.mean, p.scale)) / in_pixels(p.std, p.scale)).contiguous();
}

/// The same as nodes. Returns the name of the normalised images.
std::string add_normalisation(OnnxGraph& graph, const Preprocessing& p) {
  graph.set_layer("preprocessing");
  std::string images = graph.add("Cast", {kOnnxInput}, {{"to", std::int64_t{1}}});
  images = graph.add("Transpose", {images}, {{"perm", std::vector<std::int64_t>{0, 3, 1, 2}}});
  if (swaps_colours(p)) {
    images = graph.add("Gather", {images, graph.integers({2, 1, 0})}, {{"axis", std::int64_t{1}}});
  }
  images = graph.add("Sub", {images, graph.constant(in_pixels(p.mean, p.scale), "mean")});
  return graph.add("Div", {images, graph.constant(in_pixels(p.std, p.scale), "std")});
}

/// As Classifier and predictions_of() do.
std::string add_predictions(OnnxGraph& graph, const std::string& logits,
                            const ModelMetadata& metadata) {
  graph.set_layer("prediction");
  const TargetKind kind = metadata.objective.targets();
  if (kind == TargetKind::kValues) return logits;
  if (kind == TargetKind::kLabels) return graph.add("Sigmoid", {logits});
  std::string scaled = logits;
  if (temperature_of(metadata) != 1) {
    scaled = graph.add("Div", {logits, graph.scalar(temperature_of(metadata))});
  }
  return graph.add("Softmax", {scaled}, {{"axis", std::int64_t{1}}});
}

torch::Tensor predictions(const torch::Tensor& logits, const ModelMetadata& metadata) {
  const TargetKind kind = metadata.objective.targets();
  return predictions_of(kind == TargetKind::kClass ? logits / temperature_of(metadata) : logits,
                        kind);
}

/// Random pixels [3,H,W,C], always the same.
torch::Tensor sample_pixels(const Preprocessing& p) {
  std::vector<std::uint8_t> pixels(
      static_cast<std::size_t>(kCheckedImages * p.height * p.width * p.channels));
  std::uint32_t state = 1;
  for (std::uint8_t& pixel : pixels) {
    state = state * 1664525U + 1013904223U;  // Numerical Recipes' generator
    pixel = static_cast<std::uint8_t>(state >> 24);
  }
  return torch::tensor(pixels, torch::kByte)
      .reshape({kCheckedImages, p.height, p.width, p.channels});
}

void describe(OnnxModel& model, const ModelMetadata& metadata, const OnnxExportOptions& options,
              const std::filesystem::path& file) {
  const Preprocessing& p = metadata.preprocessing;
  const std::vector<std::int64_t> planes = {p.channels, p.height, p.width};
  const std::vector<std::int64_t> pixels = {p.height, p.width, p.channels};
  model.input = {kOnnxInput, options.with_preprocessing ? torch::kByte : torch::kFloat,
                 options.with_preprocessing ? pixels : planes};
  std::string classes;
  for (const std::string& name : metadata.classes) classes += (classes.empty() ? "" : "\n") + name;
  model.metadata = {{"transfer.json", to_json(metadata)},
                    {"classes", classes},
                    {"includes_preprocessing", options.with_preprocessing ? "yes" : "no"},
                    {"temperature", fmt::format("{}", temperature_of(metadata))},
                    {"source_sha256", sha256_hex(read_file(file))}};
}

/// Gives the graph's result the name that the file promises.
void name_output(OnnxModel& model, OnnxGraph& graph, const std::string& result,
                 const ModelMetadata& metadata, bool with_preprocessing) {
  const bool is_probability =
      with_preprocessing && metadata.objective.targets() != TargetKind::kValues;
  graph.set_layer("");
  graph.move_to(model);
  model.output = {is_probability ? "probabilities" : "outputs",
                  torch::kFloat,
                  {static_cast<std::int64_t>(metadata.classes.size())}};
  model.nodes.push_back({"Identity", "output", {result}, {model.output.name}, {}});
}

torch::jit::Module frozen_copy(const torch::jit::Module& module) {
  const torch::NoGradGuard no_gradients;
  torch::jit::Module copy = module.clone();
  copy.eval();
  return torch::jit::freeze(copy);
}

/// Of the module as it was read, not of the frozen one that was translated.
torch::Tensor logits_of(torch::jit::Module module, const torch::Tensor& images) {
  const c10::InferenceMode inference;
  module.eval();
  return module.forward({images}).toTensor().to(torch::kFloat);
}

}  // namespace

OnnxExport export_to_onnx(const std::filesystem::path& file, const Trust& trust,
                          const OnnxExportOptions& options) {
  Archive archive = read_trained_model(file, trust);
  refuse_ensemble(*archive.metadata, file.string());
  OnnxExport result;
  result.metadata = *archive.metadata;
  result.has_known_images = !archive.known_images.empty();
  const Preprocessing& p = result.metadata.preprocessing;
  const torch::Tensor pixels = sample_pixels(p);
  const torch::Tensor images = normalised(pixels, p);
  OnnxGraph graph;
  OnnxModel model;
  try {
    const ValuePair batches = {images.narrow(0, 0, 2).clone(), images.clone()};
    graph.set_name(batches, options.with_preprocessing ? add_normalisation(graph, p) : kOnnxInput);
    const ValuePair outputs =
        execute(frozen_copy(archive.module), batches,
                [&](const ExecutedOperator& call) { translate(graph, call); });
    if (!graph.has_name(outputs[0])) {
      throw ModelError("what the network gives does not depend on the image.");
    }
    std::string name = graph.output_name(outputs);
    if (options.with_preprocessing) name = add_predictions(graph, name, result.metadata);
    name_output(model, graph, name, result.metadata, options.with_preprocessing);
    describe(model, result.metadata, options, file);
    result.nodes = model.nodes.size();
    result.bytes = to_bytes(model);
  } catch (const ModelError& error) {
    throw ModelError(
        fmt::format("{}: cannot be exported as ONNX: {}", file.string(), error.what()));
  } catch (const c10::Error& error) {
    if (is_out_of_memory(error)) throw;
    throw ModelError(fmt::format("{}: cannot be exported as ONNX. [LibTorch: {}]", file.string(),
                                 cause_of(error.what())));
  }
  const torch::Tensor logits = logits_of(archive.module, images);
  result.images = options.with_preprocessing ? pixels : images;
  result.outputs = options.with_preprocessing ? predictions(logits, result.metadata) : logits;
  return result;
}

}  // namespace transfer
