#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands/backbone_table.h"
#include "app/commands/command.h"
#include "app/preparation/exporter.h"
#include "configs/config.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/install_paths.h"
#include "core/json_text.h"
#include "core/messages.h"
#include "core/visible_text.h"
#include "models/backbone_files.h"
#include "models/backbone_names.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

struct BackbonesOptions {
  std::string pattern;
  bool json = false;
  ExportOrder order;
};

/// What is exported and fits the pattern; "": everything. Warns of files that cannot be used.
std::vector<BackboneFile> exported_backbones(const std::string& pattern) {
  std::vector<BackboneFile> found;
  for (const auto& file : exported_files()) {
    if (!fits_pattern(file.stem().string(), pattern)) continue;
    found.push_back(describe_backbone(file));
    if (!found.back().problem.empty()) warn("{}: {}", file.string(), found.back().problem);
  }
  return found;
}

/// The rows of what is not exported and fits the pattern, which only the exporter knows.
std::vector<BackboneRow> exportable_rows(const Exporter& exporter, const std::string& pattern) {
  std::vector<BackboneRow> rows;
  for (BackboneRow& row : own_architectures()) {
    if (fits_pattern(row.name, pattern) && !find_exported(row.name)) rows.push_back(std::move(row));
  }
  if (pattern.empty() || pattern.starts_with("efficientnet-lite")) return rows;
  if (!exporter.can_run()) {
    note("torchvision's and timm's are not listed: {}", remedy_for(exporter, "timm:NAME"));
    return rows;
  }
  for (const ordered_json& entry : list_exportable(exporter, pattern)) {
    BackboneRow row = row_of(entry);
    if (!find_exported(row.name)) rows.push_back(std::move(row));
  }
  return rows;
}

ordered_json environment_json(const Exporter& exporter) {
  const auto path_or_null = [](const std::filesystem::path& path) {
    return path.empty() ? ordered_json(nullptr) : ordered_json(path.string());
  };
  std::vector<std::string> folders;
  for (const auto& folder : backbone_folders()) folders.push_back(folder.string());
  return {{"folders", folders},
          {"export_folder", path_or_null(export_folder())},
          {"exporter", path_or_null(exporter.script)},
          {"python", path_or_null(exporter.python.interpreter)}};
}

int list_backbones(const BackbonesOptions& options) {
  const Exporter exporter = find_exporter();
  const auto exported = exported_backbones(options.pattern);
  const auto exportable = exportable_rows(exporter, options.pattern);
  if (options.json) {
    ordered_json object = environment_json(exporter);
    object["exported"] = ordered_json::array();
    for (const BackboneFile& one : exported) object["exported"].push_back(to_json(one));
    object["exportable"] = ordered_json::array();
    for (const BackboneRow& row : exportable) object["exportable"].push_back(to_json(row));
    fmt::print("{}", json_text(object));
    return 0;
  }
  std::vector<BackboneRow> rows;
  for (const BackboneFile& one : exported) rows.push_back(row_of(one));
  fmt::print("{}", visible_lines(exported_text(rows)));
  fmt::print("{}", visible_lines(exportable_text(exportable, exporter, options.pattern.empty())));
  return 0;
}

/// Throws ConfigError for a name under which a backbone could not be found.
void check_new_name(const std::string& name) {
  const bool is_plain = name.find_first_of("/:") == std::string::npos && !name.starts_with('.') &&
                        !name.starts_with('-') && !name.ends_with(".pt");
  if (is_plain && name != kFlattenBackbone) return;
  throw ConfigError(fmt::format(
      "--name '{}': expected the name of a file without its folder and its ending .pt, other than "
      "{}.",
      name, kFlattenBackbone));
}

int export_one(BackbonesOptions options) {
  ExportOrder& order = options.order;
  const std::string given = order.name;
  const auto name = exporters_name(given);
  if (!name) {
    throw ConfigError(fmt::format(
        "--export '{}': expected efficientnet-lite0, -lite1 or -lite2, torchvision:ARCHITECTURE or "
        "timm:ARCHITECTURE (`transfer backbones` lists them).",
        given));
  }
  order.name = *name;
  if (!order.rename.empty()) check_new_name(order.rename);
  if (!order.weights.empty() && !is_file(order.weights)) {
    throw DataError(fmt::format("{}: {}. Expected a state dict (torch.save, safetensors).",
                                order.weights.string(), why_absent(order.weights, "file")));
  }
  const auto known = order.is_plain() ? find_exported(order.name) : std::nullopt;
  const BackboneFile file = describe_backbone(known ? *known : export_backbone(order));
  messages().add_to_result({{"file", file.file.string()}});
  if (options.json) {
    fmt::print("{}", json_text(to_json(file)));
  } else {
    fmt::print("{}: {} {}\n", visible(file.name), known ? "is exported already to" : "exported to",
               visible(file.file.string()));
  }
  return 0;
}

CommandRun add_backbones_flags(CLI::App& parser) {
  auto options = std::make_shared<BackbonesOptions>();
  ExportOrder& order = options->order;
  auto* pattern = parser.add_option(
      "pattern", options->pattern,
      "Lists what fits it, such as 'torchvision:resnet*' or resnet; asks the exporter for names");
  auto* name = parser
                   .add_option("--export", order.name,
                               "Export one: efficientnet-lite0, -lite1, -lite2, "
                               "torchvision:ARCHITECTURE or timm:ARCHITECTURE")
                   ->type_name("NAME")
                   ->excludes(pattern);
  auto* weights = parser
                      .add_option("--weights", order.weights,
                                  "State dict with the weights; without it they are downloaded")
                      ->type_name("FILE")
                      ->needs(name);
  parser.add_flag("--random", order.random_weights, "Random weights, for tests")
      ->needs(name)
      ->excludes(weights);
  parser.add_option("--name", order.rename, "Another name for it, for weights of your own")
      ->type_name("NAME")
      ->needs(name);
  parser.add_flag("--force", order.replaces, "Replace a file that is there")->needs(name);
  parser.add_flag("--json", options->json, "JSON on stdout");
  return [options](const auto&) {
    return options->order.name.empty() ? list_backbones(*options) : export_one(*options);
  };
}

}  // namespace

Command backbones_command() {
  return {"backbones", "List the backbones that are exported and that can be, or export one",
          add_backbones_flags};
}

}  // namespace transfer
