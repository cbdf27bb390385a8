#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands/command.h"
#include "configs/config.h"
#include "core/cancellation.h"
#include "core/json_text.h"
#include "models/complexity.h"
#include "models/dry_pass.h"

namespace transfer {
namespace {

struct InspectOptions {
  std::string backbone;
  bool json = false;
};

std::string or_unknown(const std::string& text) { return text.empty() ? "unknown" : text; }

std::string describe(const Preprocessing& p) {
  const std::string resize = p.resize_rule == ResizeRule::kShorterSide
                                 ? fmt::format("shorter side to {}, centre crop", p.resize)
                                 : std::string("stretched");
  std::string normalisation;
  for (std::size_t c = 0; c < static_cast<std::size_t>(p.channels); ++c) {
    normalisation += fmt::format(" ({:.4f}, {:.4f})", p.mean[c], p.std[c]);
  }
  return fmt::format("{} {}x{}, {}; (mean, std) of 0-1 pixels:{}", p.channels == 1 ? "grey" : "RGB",
                     p.width, p.height, resize, normalisation);
}

void print_text(const Backbone& backbone, const std::vector<StageComplexity>& stages) {
  const ModelMetadata& m = backbone.metadata();
  fmt::print("{} ({})\n", m.name, backbone.file());
  fmt::print("source         {} {}\n", or_unknown(m.source), m.source_version);
  fmt::print("licence        {}\n", or_unknown(m.license));
  fmt::print("preprocessing  {}{}\n", describe(m.preprocessing),
             backbone.has_metadata() ? "" : " (assumed: the file carries no transfer.json)");
  fmt::print("classifier     {}: {} features -> {} outputs\n", backbone.classifier_path(),
             backbone.feature_count(), backbone.output_count());
  for (const std::string& remark : backbone.remarks()) fmt::print("changed        {}\n", remark);
  if (backbone.repaired_layers() > 0) {
    fmt::print("repaired       {} layers that tracing had fixed in evaluation mode\n",
               backbone.repaired_layers());
  }
  fmt::print("weights        sha256 {}\n\n", m.weights_sha256);
  fmt::print("{:<20} {:<16} {:>12} {:>15}\n", "stage", "output", "parameters", "multiply-adds");
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;
  for (const auto& stage : stages) {
    fmt::print("{:<20} {:<16} {:>12} {:>15}\n", stage.path,
               fmt::format("{}", fmt::join(stage.output_shape, "x")), stage.parameters,
               stage.multiply_adds);
    parameters += stage.parameters;
    multiply_adds += stage.multiply_adds;
  }
  fmt::print("{:<20} {:<16} {:>12} {:>15}\n", "total", "", parameters, multiply_adds);
}

void print_json(const Backbone& backbone, const std::vector<StageComplexity>& stages) {
  nlohmann::ordered_json object = {
      {"file", backbone.file()},
      {"has_metadata", backbone.has_metadata()},
      {"repaired_layers", backbone.repaired_layers()},
      {"metadata", nlohmann::json::parse(to_json(backbone.metadata()))},
      {"classifier",
       {{"path", backbone.classifier_path()},
        {"inputs", backbone.feature_count()},
        {"outputs", backbone.output_count()}}}};
  object["stages"] = nlohmann::ordered_json::array();
  for (const auto& stage : stages) {
    object["stages"].push_back({{"path", stage.path},
                                {"output_shape", stage.output_shape},
                                {"parameters", stage.parameters},
                                {"multiply_adds", stage.multiply_adds}});
  }
  fmt::print("{}", json_text(object));
}

/// `flatten` has no file, no weights and no stages.
void print_flatten(bool as_json) {
  const char* preprocessing =
      "stretched to data.input_size, or to the images' own size in IDX files, else to 28x28; grey "
      "where the training images are, else RGB; pixels scaled to 0-1";
  if (as_json) {
    const nlohmann::ordered_json object = {{"file", nullptr},
                                           {"name", kFlattenBackbone},
                                           {"pretrained", false},
                                           {"preprocessing", preprocessing},
                                           {"stages", nlohmann::ordered_json::array()}};
    fmt::print("{}", json_text(object));
    return;
  }
  fmt::print("{} (built in, no file)\n", kFlattenBackbone);
  fmt::print("source         none: it has no pretrained weights, and the strategy is ignored\n");
  fmt::print("preprocessing  {}\n", preprocessing);
  fmt::print("features       the pixels, 784 of a grey image of 28x28; head.hidden adds layers\n");
}

int run_inspect(const InspectOptions& options) {
  if (options.backbone == kFlattenBackbone) {
    print_flatten(options.json);
    return 0;
  }
  const auto backbone = Backbone::load(find_backbone(options.backbone));
  throw_if_stopped();
  require_pass(backbone);
  const auto stages = measure_complexity(backbone);
  throw_if_stopped();
  if (options.json) {
    print_json(backbone, stages);
  } else {
    print_text(backbone, stages);
  }
  return 0;
}

CommandRun add_inspect_flags(CLI::App& parser) {
  auto options = std::make_shared<InspectOptions>();
  parser.add_option("--backbone", options->backbone, "TorchScript file or exported name")
      ->required();
  parser.add_flag("--json", options->json, "JSON on stdout");
  return [options](const auto&) { return run_inspect(*options); };
}

}  // namespace

Command inspect_command() {
  return {"inspect", "Show a backbone's source, preprocessing and stages", add_inspect_flags};
}

}  // namespace transfer
