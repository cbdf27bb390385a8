#include "configs/yaml_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "configs/fields.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/nearest_name.h"

namespace transfer {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The first key of the group; empty where `key` is no group.
std::string first_of_group(const std::string& key, const std::vector<std::string>& keys) {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const std::string& known) {
    return known.starts_with(key + ".");
  });
  return found == keys.end() ? "" : *found;
}

/// One level of nested maps.
class Flattening {
 public:
  Flattening(const std::string& file, const std::vector<std::string>& keys,
             const std::vector<std::string>& passed_over)
      : file_(file), keys_(keys), passed_over_(passed_over), known_(keys) {
    known_.insert(known_.end(), passed_over.begin(), passed_over.end());
  }

  void add(const YAML::Node& map, const std::string& prefix) {
    for (const auto& entry : map) {
      const std::string where = place_of(entry.first, file_);
      if (!entry.first.IsScalar()) {
        throw ConfigError(fmt::format("{}: expected a key, such as train.lr", where));
      }
      const std::string key = prefix + entry.first.Scalar();
      if (prefix.empty() && contains(passed_over_, key)) continue;
      add_entry(key, entry.second, where);
    }
  }

  std::vector<Setting> take() { return std::move(settings_); }

 private:
  void add_entry(const std::string& key, const YAML::Node& value, const std::string& where) {
    const bool duplicate = std::any_of(settings_.begin(), settings_.end(),
                                       [&](const Setting& setting) { return setting.key == key; });
    if (duplicate) throw ConfigError(fmt::format("{}: {}: given twice", where, key));
    const std::string member = first_of_group(key, keys_);
    if (!member.empty()) {
      if (value.IsNull()) return;
      if (!value.IsMap()) {
        throw ConfigError(
            fmt::format("{}: {}: found a single value, expected a group of keys such as {}", where,
                        key, member));
      }
      add(value, key + ".");
    } else if (!contains(keys_, key)) {
      throw ConfigError(fmt::format("{}: unknown key '{}'{}", where, key, suggestion(key, known_)));
    } else {
      settings_.push_back({key, value, where});
    }
  }

  const std::string& file_;
  const std::vector<std::string>& keys_;
  const std::vector<std::string>& passed_over_;
  /// What a misspelt key may have been meant to be.
  std::vector<std::string> known_;
  std::vector<Setting> settings_;
};

}  // namespace

std::vector<std::string> keys_of(Config& config) {
  std::vector<std::string> keys;
  for (const Field& field : fields_of(config)) keys.push_back(field.key);
  return keys;
}

std::string place_of(const YAML::Node& node, const std::string& file) {
  return fmt::format("{}:{}", file, node.Mark().line + 1);
}

YAML::Node load_yaml_map(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream || is_folder(file)) {
    throw ConfigError(fmt::format("{}: the configuration file cannot be read", file.string()));
  }
  try {
    YAML::Node root = YAML::Load(stream);
    if (root.IsMap() || root.IsNull()) return root;
  } catch (const YAML::Exception& error) {
    throw ConfigError(
        fmt::format("{}:{}: not valid YAML: {}", file.string(), error.mark.line + 1, error.msg));
  }
  throw ConfigError(fmt::format("{}: expected `key: value` lines at the top level", file.string()));
}

std::vector<Setting> flatten(const YAML::Node& map, const std::string& file,
                             const std::vector<std::string>& keys,
                             const std::vector<std::string>& passed_over) {
  Flattening flattening(file, keys, passed_over);
  flattening.add(map, "");
  return flattening.take();
}

std::vector<Setting> read_yaml(const std::filesystem::path& file,
                               const std::vector<std::string>& keys) {
  return flatten(load_yaml_map(file), file.string(), keys);
}

Setting read_assignment(const std::string& text, const std::vector<std::string>& keys) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw ConfigError(
        fmt::format("--set {}: expected KEY=VALUE, such as --set train.lr=0.01", text));
  }
  const std::string key = text.substr(0, equals);
  if (!contains(keys, key)) {
    throw ConfigError(
        fmt::format("--set {}: unknown key '{}'{}", text, key, suggestion(key, keys)));
  }
  try {
    return {key, YAML::Load(text.substr(equals + 1)), "--set"};
  } catch (const YAML::Exception& error) {
    throw ConfigError(fmt::format("--set {}: not a YAML value: {}", text, error.msg));
  }
}

}  // namespace transfer
