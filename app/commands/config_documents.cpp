// The reference of all keys as a page and as JSON.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "app/commands/config_reference.h"
#include "core/json_text.h"

namespace transfer {
namespace {

constexpr const char* kIntroduction = R"(# Configuration

<!-- Written by `transfer config --markdown`; do not edit. -->

Every setting of a run is a key. Give it on the command line (`--set train.lr=0.01`), in a YAML file
(`--config FILE`), or in a job of a batch file. Later sources win over earlier ones: defaults, the preset
of the strategy (`presets/STRATEGY.yaml`) or the one that `--preset` names, `--config` files in their
order, `--set` in its order, other flags such as `--seed`.

`transfer --print-config` shows the settings that a command comes to, and every run keeps them in its
`config.yaml`. `transfer config` lists the keys below, and `transfer config KEY` explains one.

Where a preset has a value other than the default, it is listed with the default.
)";

/// Text in which `letters` mean nothing to Markdown.
std::string without_meaning(const std::string& text, std::string_view letters) {
  std::string escaped;
  for (const char letter : text) {
    if (letters.find(letter) != std::string_view::npos) escaped += '\\';
    escaped += letter;
  }
  return escaped;
}

/// A table cell, in which even code must not hold a bare |.
std::string cell(const std::string& text) { return without_meaning(text, "|"); }

std::string code(const std::string& text) { return text.empty() ? "" : "`" + text + "`"; }

std::string row_of(const ReferenceKey& key) {
  const KeyDescription& d = key.description;
  std::string value = d.value;
  if (d.unit != "none") value += fmt::format("; {}", d.unit);
  std::string defaults = d.default_value.empty() ? "required" : code(d.default_value);
  for (const auto& [preset, setting] : key.presets) {
    defaults += fmt::format("<br>{}: {}", preset, code(setting));
  }
  std::string description = without_meaning(d.description, "*");
  if (!key.used_by.empty() && d.used_by != UsedBy::kEveryRun) {
    description += fmt::format(" *Used by {}.*", key.used_by);
  }
  return fmt::format("| {} | {} | {} | {} | {} |\n", code(d.key), cell(value), cell(defaults),
                     cell(description), cell(code(d.example)));
}

nlohmann::ordered_json object_of(const ReferenceKey& key) {
  const KeyDescription& d = key.description;
  nlohmann::ordered_json object = {
      {"key", d.key}, {"description", d.description}, {"value", d.value}, {"unit", d.unit}};
  if (!d.choices.empty()) object["choices"] = d.choices;
  if (!d.default_value.empty()) object["default"] = d.default_value;
  if (!key.presets.empty()) {
    for (const auto& [preset, value] : key.presets) object["presets"][preset] = value;
  }
  if (!key.used_by.empty()) object["used_by"] = key.used_by;
  object["example"] = d.example;
  return object;
}

}  // namespace

std::string reference_as_markdown(const std::vector<ReferenceGroup>& groups) {
  std::string page = kIntroduction;
  for (const ReferenceGroup& group : groups) {
    page += fmt::format("\n## {}: {}\n\n", group.name, group.title);
    page += "| Key | Value | Default | Meaning | Example |\n| --- | --- | --- | --- | --- |\n";
    for (const ReferenceKey& key : group.keys) page += row_of(key);
  }
  return page;
}

std::string reference_as_json(const std::vector<ReferenceGroup>& groups) {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const ReferenceGroup& group : groups) {
    for (const ReferenceKey& key : group.keys) all[group.name].push_back(object_of(key));
  }
  return json_text(all);
}

}  // namespace transfer
