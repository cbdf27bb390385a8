#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/commands/command.h"
#include "app/commands/config_reference.h"
#include "app/commands/wrapped_text.h"
#include "core/errors.h"
#include "core/nearest_name.h"

namespace transfer {
namespace {

std::string default_text(const KeyDescription& key) {
  return key.default_value.empty() ? "required" : "default " + key.default_value;
}

std::string listed(const ReferenceGroup& group) {
  std::string text = fmt::format("{}: {}\n", group.name, group.title);
  for (const ReferenceKey& key : group.keys) {
    const KeyDescription& d = key.description;
    text += wrapped_text(fmt::format("{}: {} ({})", d.key, d.value, default_text(d)), "  ");
    text += wrapped_text(d.description, "      ");
  }
  return text;
}

std::string explained(const ReferenceKey& key) {
  const KeyDescription& d = key.description;
  std::string text = d.key + "\n" + wrapped_text(d.description, "  ") + "\n";
  const auto add = [&text](const std::string& title, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {:<9}{}\n", title, value);
  };
  add("value", d.value);
  add("unit", d.unit);
  add("default", d.default_value.empty() ? "none: it is required" : d.default_value);
  for (const auto& [preset, value] : key.presets) {
    add("", fmt::format("{} in the preset {}", value, preset));
  }
  add("used by", key.used_by);
  add("example", key.set_example);
  add(key.set_example.empty() ? "example" : "", key.yaml_example + "   (YAML)");
  return text;
}

/// The keys of that group, or the one key of that name, or all keys.
std::vector<ReferenceGroup> chosen_groups(const std::string& name) {
  const auto groups = configuration_reference();
  if (name.empty()) return groups;
  std::vector<std::string> known;
  // Groups first: `slurm` is a group, and a key of a batch file that holds it.
  for (const ReferenceGroup& group : groups) {
    if (group.name == name) return {group};
    known.push_back(group.name);
  }
  for (const ReferenceGroup& group : groups) {
    for (const ReferenceKey& key : group.keys) {
      if (key.description.key == name) return {{group.name, group.title, {key}}};
      known.push_back(key.description.key);
    }
  }
  throw ConfigError(fmt::format("unknown key '{}'{} `transfer config` lists all keys.", name,
                                nearest_or_stop(name, known)));
}

std::string as_text(const std::vector<ReferenceGroup>& groups, const std::string& name) {
  const bool is_one_key = groups.size() == 1 && groups.front().name != name;
  if (is_one_key) return explained(groups.front().keys.front());
  std::string text;
  for (const ReferenceGroup& group : groups) text += (text.empty() ? "" : "\n") + listed(group);
  return text + "\n`transfer config KEY` explains a key, with its presets and an example.\n";
}

struct ConfigOptions {
  /// A key to explain or a group to list; empty lists everything.
  std::string name;
  /// docs/configuration.md on stdout.
  bool markdown = false;
  bool json = false;
};

int run_config(const ConfigOptions& options) {
  const auto groups = chosen_groups(options.name);
  if (options.json) {
    fmt::print("{}", reference_as_json(groups));
  } else if (options.markdown) {
    fmt::print("{}", reference_as_markdown(groups));
  } else {
    fmt::print("{}", as_text(groups, options.name));
  }
  return 0;
}

CommandRun add_config_command_flags(CLI::App& parser) {
  auto options = std::make_shared<ConfigOptions>();
  parser.add_option("name", options->name,
                    fmt::format("A key such as train.lr, or a group: {}",
                                fmt::join(reference_group_names(), ", ")));
  auto* json = parser.add_flag("--json", options->json, "JSON on stdout");
  parser.add_flag("--markdown", options->markdown, "The page docs/configuration.md on stdout")
      ->excludes(json);
  return [options](const auto&) { return run_config(*options); };
}

}  // namespace

Command config_command() {
  return {"config", "List the settings of a run, or explain one", add_config_command_flags};
}

}  // namespace transfer
