#pragma once

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <string>
#include <vector>

#include "configs/config.h"
#include "configs/renamed_keys.h"

namespace transfer {

/// One `key: value` of a source, with the place it came from.
struct Setting {
  std::string key;
  YAML::Node value;
  std::string where;
};

/// The keys that a map may have.
struct KnownKeys {
  std::vector<std::string> names;
  std::vector<RenamedKey> renamed = {};
  /// Keys at the top level that are read elsewhere.
  std::vector<std::string> passed_over = {};
};

/// The keys of the configuration, in the order of the table.
KnownKeys config_keys(std::vector<std::string> passed_over = {});

/// The root of a YAML file, a map or nothing at all. Throws ConfigError when the file cannot be
/// read or is something else.
YAML::Node load_yaml_map(const std::filesystem::path& file);

/// "FILE:LINE" of a node.
std::string place_of(const YAML::Node& node, const std::string& file);

/// Nested maps as settings with dotted keys, old names replaced. Throws ConfigError for an unknown
/// key, a key given twice, and a single value where a group is expected; all name the line.
std::vector<Setting> flatten(const YAML::Node& map, const std::string& file,
                             const KnownKeys& known);

/// The settings of a file. Throws ConfigError.
std::vector<Setting> read_yaml(const std::filesystem::path& file, const KnownKeys& known);

/// The setting that `--set KEY=VALUE` gives. Throws ConfigError.
Setting read_assignment(const std::string& text, const KnownKeys& known);

}  // namespace transfer
