#include "configs/yaml_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "configs/fields.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/nearest_name.h"

namespace transfer {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The first key of the group; empty where `key` is not a group.
std::string first_of_group(const std::string& key, const KnownKeys& known) {
  const std::string prefix = key + ".";
  for (const std::string& name : known.names) {
    if (name.starts_with(prefix)) return name;
  }
  for (const RenamedKey& renamed : known.renamed) {
    if (renamed.old_name.starts_with(prefix)) return renamed.new_name;
  }
  return "";
}

/// The keys and groups that may stand where `key` does.
std::vector<std::string> names_beside(const std::string& key, const KnownKeys& known) {
  const auto start = key.rfind('.') == std::string::npos ? 0 : key.rfind('.') + 1;
  std::set<std::string> names;
  for (const std::string& name : known.names) {
    if (name.starts_with(key.substr(0, start))) names.insert(name.substr(0, name.find('.', start)));
  }
  if (start == 0) names.insert(known.passed_over.begin(), known.passed_over.end());
  return {names.begin(), names.end()};
}

/// One level of nested maps.
class Flattening {
 public:
  Flattening(const std::string& file, const KnownKeys& known) : file_(file), known_(known) {}

  void add(const YAML::Node& map, const std::string& prefix) {
    for (const auto& entry : map) {
      const std::string where = place_of(entry.first, file_);
      if (!entry.first.IsScalar()) {
        throw ConfigError(fmt::format("{}: expected a key, such as train.lr", where));
      }
      const std::string key = prefix + entry.first.Scalar();
      if (prefix.empty() && contains(known_.passed_over, key)) continue;
      add_entry(key, entry.second, where);
    }
  }

  std::vector<Setting> take() { return std::move(settings_); }

 private:
  void add_entry(const std::string& given, const YAML::Node& value, const std::string& where) {
    const std::string key = current_name(given, known_.renamed, where);
    const bool duplicate = std::any_of(settings_.begin(), settings_.end(),
                                       [&](const Setting& setting) { return setting.key == key; });
    if (duplicate) throw ConfigError(fmt::format("{}: {}: given twice", where, key));
    if (contains(known_.names, key)) {
      settings_.push_back({key, value, where});
    } else {
      add_group(key, value, where);
    }
  }

  void add_group(const std::string& key, const YAML::Node& value, const std::string& where) {
    const std::string member = first_of_group(key, known_);
    if (member.empty()) {
      throw ConfigError(fmt::format("{}: unknown key '{}'{}", where, key,
                                    suggestion(key, names_beside(key, known_))));
    }
    if (value.IsNull()) return;
    if (!value.IsMap()) {
      throw ConfigError(
          fmt::format("{}: {}: found a single value, but {} is a group of keys. Give the keys that "
                      "you mean, such as {}: VALUE; `transfer config {}` lists them.",
                      where, key, key, member, key));
    }
    add(value, key + ".");
  }

  const std::string& file_;
  const KnownKeys& known_;
  std::vector<Setting> settings_;
};

/// The file's text. Throws ConfigError for anything but a regular file.
std::string yaml_text(const std::filesystem::path& file) {
  try {
    return read_file(file);
  } catch (const DataError& error) {
    throw ConfigError(fmt::format(
        "{} Give a YAML file; save what comes from a pipe in a file first.", error.what()));
  }
}

}  // namespace

KnownKeys config_keys(std::vector<std::string> passed_over) {
  Config config;
  KnownKeys known;
  for (const Field& field : fields_of(config)) known.names.push_back(field.key);
  known.renamed = kRenamedKeys;
  known.passed_over = std::move(passed_over);
  return known;
}

std::string place_of(const YAML::Node& node, const std::string& file) {
  return fmt::format("{}:{}", file, node.Mark().line + 1);
}

YAML::Node load_yaml_map(const std::filesystem::path& file) {
  const std::string text = yaml_text(file);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      throw ConfigError(fmt::format(
          "{}: holds {} YAML documents, separated by '---'. Expected one: put them together, or in "
          "a file each.",
          place_of(documents[1], file.string()), documents.size()));
    }
    const YAML::Node root = documents.empty() ? YAML::Node() : documents.front();
    if (root.IsMap() || root.IsNull()) return root;
  } catch (const YAML::Exception& error) {
    throw ConfigError(
        fmt::format("{}:{}: not valid YAML: {}", file.string(), error.mark.line + 1, error.msg));
  }
  throw ConfigError(fmt::format("{}: expected `key: value` lines at the top level", file.string()));
}

std::vector<Setting> flatten(const YAML::Node& map, const std::string& file,
                             const KnownKeys& known) {
  Flattening flattening(file, known);
  flattening.add(map, "");
  return flattening.take();
}

std::vector<Setting> read_yaml(const std::filesystem::path& file, const KnownKeys& known) {
  return flatten(load_yaml_map(file), file.string(), known);
}

Setting read_assignment(const std::string& text, const KnownKeys& known) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw ConfigError(
        fmt::format("--set {}: expected KEY=VALUE, such as --set train.lr=0.01", text));
  }
  const std::string key = current_name(text.substr(0, equals), known.renamed, "--set");
  if (!contains(known.names, key)) {
    throw ConfigError(
        fmt::format("--set {}: unknown key '{}'{}", text, key, suggestion(key, known.names)));
  }
  try {
    return {key, YAML::Load(text.substr(equals + 1)), "--set"};
  } catch (const YAML::Exception& error) {
    throw ConfigError(fmt::format("--set {}: not a YAML value: {}", text, error.msg));
  }
}

}  // namespace transfer
