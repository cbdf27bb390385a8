#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/commands/flag_checks.h"
#include "app/commands/model_output.h"
#include "app/preparation/model_trust.h"
#include "configs/config.h"
#include "core/count_text.h"
#include "core/enum_names.h"
#include "core/json_text.h"
#include "core/run_format.h"
#include "core/visible_text.h"
#include "models/exported_weights.h"
#include "models/model_path.h"

namespace transfer {

/// What a trained model becomes.
enum class ExportFormat { kWeights };
template <>
inline constexpr std::array<std::string_view, 1> kNames<ExportFormat> = {"weights"};

namespace {

using nlohmann::ordered_json;

struct ExportOptions {
  std::string model;
  std::string output;
  ExportFormat format = ExportFormat::kWeights;
  bool overwrite = false;
  bool json = false;
  std::string trust = Config{}.trust;
  std::string trust_file;
};

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

int run_export(const ExportOptions& options) {
  check_model_output(options.output, options.overwrite, ".safetensors");
  require_finished_run(options.model);
  const ExportedWeights weights = export_weights(model_path(options.model), options.output,
                                                 model_trust(options.trust, options.trust_file));
  fmt::print("{}",
             options.json ? to_json(weights, options) : visible_lines(to_text(weights, options)));
  return 0;
}

CommandRun add_export_flags(CLI::App& parser) {
  auto options = std::make_shared<ExportOptions>();
  parser.add_option("--model", options->model, "A run directory or its model.pt")
      ->type_name("FOLDER|FILE")
      ->required();
  add_choice(parser, "--to", options->format,
             "weights: parameters and buffers as safetensors, for PyTorch, timm and torchvision")
      ->required();
  parser.add_option("--output", options->output, "File to write, a name that ends in .safetensors")
      ->type_name("FILE")
      ->required();
  parser.add_flag("--overwrite", options->overwrite, "Replace the file if it is there already");
  parser.add_flag("--json", options->json, "JSON on stdout");
  add_trust_flags(parser, options->trust, options->trust_file);
  return [options](const auto&) { return run_export(*options); };
}

}  // namespace

Command export_model_command() {
  return {"export", "Write a trained model in another format", add_export_flags};
}

}  // namespace transfer
