#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/commands/flag_checks.h"
#include "app/preparation/exporter.h"
#include "app/preparation/model_trust.h"
#include "configs/config.h"
#include "core/cancellation.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/json_text.h"
#include "core/quantity_text.h"
#include "core/visible_text.h"
#include "models/complexity.h"
#include "models/dry_pass.h"
#include "models/strategy.h"

namespace transfer {
namespace {

struct InspectOptions {
  std::string backbone;
  /// For the network's input alone.
  ConfigSources sources;
  bool json = false;
};

std::string or_unknown(const std::string& text) { return text.empty() ? "unknown" : text; }

std::string resize_text(const Preprocessing& p) {
  switch (p.resize_rule) {
    case ResizeRule::kShorterSide: return fmt::format("shorter side to {}, centre crop", p.resize);
    case ResizeRule::kStretch: return "stretched";
    case ResizeRule::kPad: return "the whole image, padded with black";
    case ResizeRule::kCover: break;
  }
  const double factor =
      static_cast<double>(p.resize) / static_cast<double>(std::min(p.height, p.width));
  return fmt::format("resized to cover {:.0f}x{:.0f}, centre crop",
                     static_cast<double>(p.width) * factor, static_cast<double>(p.height) * factor);
}

std::string channels_text(const Preprocessing& p) {
  if (p.channels == 1) return "grey";
  if (p.channels == 3) return p.order == ChannelOrder::kRgb ? "RGB" : "BGR";
  return fmt::format("{} bands", p.channels);
}

std::string describe(const Preprocessing& p) {
  std::string normalisation;
  for (std::size_t c = 0; c < p.mean.size(); ++c) {
    normalisation += fmt::format(" ({:.4f}, {:.4f})", p.mean[c], p.std[c]);
  }
  const std::string size = p.height == p.width
                               ? fmt::format("{}x{}", p.width, p.height)
                               : fmt::format("{}x{} (height x width)", p.height, p.width);
  return fmt::format("{} {}, {}; (mean, std) of {} pixels:{}", channels_text(p), size,
                     resize_text(p), name_of(p.scale), normalisation);
}

void print_classifier(const Backbone& backbone) {
  if (backbone.has_classifier()) {
    fmt::print("classifier     {}: {} features -> {} outputs ({})\n",
               visible(backbone.classifier_name()), backbone.feature_count(),
               backbone.output_count(), backbone.classifier_description());
  } else {
    fmt::print("classifier     {}\n", visible(backbone.classifier_description()));
  }
}

void print_text(const Backbone& backbone, const std::vector<StageComplexity>& stages) {
  const ModelMetadata& m = backbone.metadata();
  fmt::print("{} ({})\n", visible(m.name), visible(backbone.file()));
  fmt::print("source         {} {}\n", visible(or_unknown(m.source)), visible(m.source_version));
  fmt::print("licence        {}\n", visible(or_unknown(m.license)));
  fmt::print("preprocessing  {}{}\n", describe(m.preprocessing),
             backbone.assumptions().empty() ? "" : " (assumed, see below)");
  for (const std::string& assumption : backbone.assumptions()) {
    fmt::print("assumed        {}\n", visible(assumption));
  }
  print_classifier(backbone);
  for (const std::string& remark : backbone.remarks()) {
    if (remark != backbone.classifier_description())
      fmt::print("changed        {}\n", visible(remark));
  }
  if (backbone.repaired_layers() > 0) {
    fmt::print("repaired       {} that tracing had fixed in evaluation mode\n",
               count_text(static_cast<std::size_t>(backbone.repaired_layers()), "layer"));
  }
  fmt::print("weights        sha256 {}\n\n", visible(m.weights_sha256));
  fmt::print("{:<20} {:<16} {:>12} {:>15}\n", "stage", "output", "parameters", "multiply-adds");
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;
  for (const auto& stage : stages) {
    fmt::print("{:<20} {:<16} {:>12} {:>15}\n", visible(stage.path),
               fmt::format("{}", fmt::join(stage.output_shape, "x")),
               amount_text(static_cast<double>(stage.parameters)),
               amount_text(static_cast<double>(stage.multiply_adds)));
    parameters += stage.parameters;
    multiply_adds += stage.multiply_adds;
  }
  fmt::print("{:<20} {:<16} {:>12} {:>15}\n", "total", "",
             amount_text(static_cast<double>(parameters)),
             amount_text(static_cast<double>(multiply_adds)));
}

void print_json(const Backbone& backbone, const std::vector<StageComplexity>& stages) {
  nlohmann::ordered_json object = {
      {"file", backbone.file()},
      {"has_metadata", backbone.has_metadata()},
      {"assumptions", backbone.assumptions()},
      {"repaired_layers", backbone.repaired_layers()},
      {"metadata", nlohmann::json::parse(to_json(backbone.metadata()))},
      {"classifier",
       {{"path", backbone.has_classifier() ? nlohmann::ordered_json(backbone.classifier_path())
                                           : nlohmann::ordered_json(nullptr)},
        {"inputs", backbone.feature_count()},
        {"outputs", backbone.output_count()},
        {"found", backbone.classifier_description()}}},
      {"remarks", backbone.remarks()}};
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
  require_input_settings("inspect", options.sources.settings);
  ConfigSources sources = options.sources;
  sources.flags.emplace_back("backbone", options.backbone);
  const Config config = resolve_config(sources, strategy_choices());
  if (options.backbone == kFlattenBackbone) {
    print_flatten(options.json);
    return 0;
  }
  const auto backbone = Backbone::load(obtain_backbone(options.backbone), input_settings(config),
                                       model_trust(config.trust, config.trust_file));
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
  add_network_flag(parser, options->backbone);
  parser
      .add_option("--config", options->sources.files,
                  "YAML file; its settings of the network's input count")
      ->type_name("FILE");
  parser
      .add_option("--set", options->sources.settings,
                  "input.*, data.input_size or data.resize; wins over files")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_trust_key_flags(parser, options->sources);
  parser.add_flag("--json", options->json, "JSON on stdout");
  return [options](const auto&) { return run_inspect(*options); };
}

}  // namespace

Command inspect_command() {
  return {"inspect", "Show a backbone's source, preprocessing and stages", add_inspect_flags};
}

}  // namespace transfer
