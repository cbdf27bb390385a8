#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/commands/flag_checks.h"
#include "app/commands/model_output.h"
#include "app/commands/onnx_check.h"
#include "app/preparation/model_trust.h"
#include "configs/config.h"
#include "core/atomic_file.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/json_text.h"
#include "core/messages.h"
#include "core/run_format.h"
#include "core/visible_text.h"
#include "models/exported_weights.h"
#include "models/model_path.h"
#include "models/onnx/onnx_model.h"

namespace transfer {

/// What a model can be exported as.
enum class ExportFormat { kOnnx, kWeights };
template <>
inline constexpr std::array<std::string_view, 2> kNames<ExportFormat> = {"onnx", "weights"};

namespace {

using nlohmann::ordered_json;

struct ExportOptions {
  /// A model that `transfer` trained, or its run directory.
  std::string model;
  ExportFormat format = ExportFormat::kOnnx;
  std::string output;
  OnnxExportOptions onnx;
  bool unchecked = false;
  bool overwrite = false;
  bool json = false;
  std::string trust = Config{}.trust;
  std::string trust_file;
};

std::optional<OnnxCheck> checked(const OnnxExport& exported, const ExportOptions& options) {
  if (options.unchecked) return {};
  auto check = check_onnx(exported);
  if (check) return check;
  throw ModelError(
      "There is no ONNX Runtime to compare the file with the model, so nothing was written. "
      "Install it (`pip install onnxruntime`) in the Python that TRANSFER_PYTHON names or in that "
      "of `python3`, or give --unchecked.");
}

/// What the file leaves out, for the user to know.
void tell_limits(const OnnxExport& exported) {
  if (!exported.has_known_images) return;
  note(
      "The file gives no score of images that belong to none of the classes; `transfer predict` "
      "does.");
}

std::string report(const OnnxExport& exported, const std::optional<OnnxCheck>& check,
                   const ExportOptions& options) {
  if (options.json) {
    ordered_json object = {{"format", kRunFormat},
                           {"output", options.output},
                           {"to", name_of(options.format)},
                           {"bytes", exported.bytes.size()},
                           {"nodes", exported.nodes},
                           {"opset", kOnnxOpset},
                           {"includes_preprocessing", options.onnx.with_preprocessing},
                           {"classes", exported.metadata.classes},
                           {"check", nullptr}};
    if (check) object["check"] = {{"engine", check->engine}, {"difference", check->difference}};
    return json_text(object);
  }
  const std::string compared = check
                                   ? fmt::format("compared by {}: outputs differ by at most {:.2g}",
                                                 check->engine, check->difference)
                                   : "not compared with the model";
  return visible_lines(fmt::format("written to {} ({} nodes, {:.1f} MB)\n{}\n", options.output,
                                   exported.nodes, static_cast<double>(exported.bytes.size()) / 1e6,
                                   compared));
}

void export_onnx(const ExportOptions& options, const Trust& trust) {
  const OnnxExport exported = export_to_onnx(model_path(options.model), trust, options.onnx);
  const auto check = checked(exported, options);
  write_file_atomically(options.output, exported.bytes);
  tell_limits(exported);
  fmt::print("{}", report(exported, check, options));
}

std::string to_json(const ExportedWeights& weights, const ExportOptions& options) {
  return json_text(ordered_json{{"format", kRunFormat},
                                {"output", options.output},
                                {"to", name_of(options.format)},
                                {"tensors", weights.tensors},
                                {"elements", weights.elements},
                                {"head", weights.head},
                                {"replaces_classifier", weights.replaces_classifier}});
}

std::string to_text(const ExportedWeights& weights, const ExportOptions& options) {
  return fmt::format(
      "{}, {} in all, under the names of the network that the model was trained from\n"
      "head: {}.weight and {}.bias, {}\n"
      "written to {}\n",
      count_text(weights.tensors, "tensor"),
      count_text(static_cast<std::size_t>(weights.elements), "element"), weights.head, weights.head,
      weights.replaces_classifier ? "in place of the network's own classifier"
                                  : "which the network itself does not have",
      options.output);
}

void export_as_weights(const ExportOptions& options, const Trust& trust) {
  if (options.onnx.with_preprocessing || options.unchecked) {
    throw ConfigError(fmt::format("{} belongs to --to onnx; --to weights takes no such flag.",
                                  options.unchecked ? "--unchecked" : "--with-preprocessing"));
  }
  const ExportedWeights weights = export_weights(model_path(options.model), options.output, trust);
  fmt::print("{}",
             options.json ? to_json(weights, options) : visible_lines(to_text(weights, options)));
}

int run_export(const ExportOptions& options) {
  const bool is_onnx = options.format == ExportFormat::kOnnx;
  check_model_output(options.output, options.overwrite, is_onnx ? ".onnx" : ".safetensors");
  require_finished_run(options.model);
  const Trust trust = model_trust(options.trust, options.trust_file);
  is_onnx ? export_onnx(options, trust) : export_as_weights(options, trust);
  return 0;
}

CommandRun add_export_flags(CLI::App& parser) {
  auto options = std::make_shared<ExportOptions>();
  parser.add_option("--model", options->model, "A run directory, or its model.pt")
      ->type_name("FOLDER|FILE")
      ->required();
  add_choice(parser, "--to", options->format,
             "onnx: the network as ONNX, operator set 13; weights: parameters and buffers as "
             "safetensors, for PyTorch, timm and torchvision")
      ->required();
  parser
      .add_option("--output", options->output,
                  "File to write, a name that ends in .onnx or .safetensors")
      ->type_name("FILE")
      ->required();
  parser.add_flag(
      "--with-preprocessing", options->onnx.with_preprocessing,
      "onnx: the file takes uint8 RGB pixels [N,H,W,C] of the network's input size and gives "
      "probabilities; without, normalised float32 [N,C,H,W] and logits");
  parser.add_flag("--unchecked", options->unchecked,
                  "onnx: write the file without comparing its outputs with the model's");
  parser.add_flag("--overwrite", options->overwrite, "Replace the file if it is there already");
  parser.add_flag("--json", options->json, "JSON on stdout");
  add_trust_flags(parser, options->trust, options->trust_file);
  return [options](const auto&) { return run_export(*options); };
}

}  // namespace

Command export_command() {
  return {"export", "Write a trained model in another format", add_export_flags};
}

}  // namespace transfer
