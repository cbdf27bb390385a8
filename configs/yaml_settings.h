#pragma once

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <string>
#include <vector>

#include "configs/config.h"

namespace transfer {

/// One `key: value` of a source, with the place it came from.
struct Setting {
  std::string key;
  YAML::Node value;
  std::string where;
};

/// Names of all keys, in the order of the structs.
std::vector<std::string> keys_of(Config& config);

/// The root of a YAML file, a map or nothing at all. Throws ConfigError when the file cannot be
/// read or is something else.
YAML::Node load_yaml_map(const std::filesystem::path& file);

/// "FILE:LINE" of a node.
std::string place_of(const YAML::Node& node, const std::string& file);

/// Nested maps as settings with dotted keys. Throws ConfigError for an unknown key, a key given
/// twice, and a single value where a group is expected; all name the line. Entries at the top level
/// whose keys are among `passed_over` are somebody else's.
std::vector<Setting> flatten(const YAML::Node& map, const std::string& file,
                             const std::vector<std::string>& keys,
                             const std::vector<std::string>& passed_over = {});

/// The settings of a file. Throws ConfigError.
std::vector<Setting> read_yaml(const std::filesystem::path& file,
                               const std::vector<std::string>& keys);

/// The setting that `--set KEY=VALUE` gives. Throws ConfigError.
Setting read_assignment(const std::string& text, const std::vector<std::string>& keys);

}  // namespace transfer
