#include "configs/working_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/errors.h"
#include "core/file_kind.h"
#include "core/messages.h"
#include "core/run_files.h"
#include "core/split_text.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

bool is_anything(const fs::path& path) { return file_kind(path) != FileKind::kNothing; }

/// The folder that the file names; empty where it names none or the current one.
fs::path other_working_directory(const YAML::Node& root, const fs::path& file) {
  const YAML::Node node = root[kWorkingDirectory];
  if (!node) return {};
  const fs::path folder = node.IsScalar() ? fs::path(node.Scalar()) : fs::path();
  if (!folder.is_absolute()) {
    throw ConfigError(fmt::format(
        "{}: {}: expected the absolute path of the folder from which the file's relative paths are "
        "meant. Leave the line out to take them from the current folder.",
        place_of(node, file.string()), kWorkingDirectory));
  }
  std::error_code ignored;
  return fs::equivalent(folder, fs::current_path(ignored), ignored) ? fs::path() : folder;
}

/// Whether the value is the path of a file or folder, not a backbone's name.
bool is_path(const Setting& setting, const fs::path& folder) {
  const fs::path value(setting.value.Scalar());
  if (setting.key != "backbone") return true;
  return value.has_parent_path() || value.extension() == ".pt" || is_file(folder / value) ||
         is_file(folder / value / run_file::kConfig);
}

void move_into(const fs::path& folder, Setting& setting) {
  constexpr std::array kPaths = {"data.path", "backbone", "train.teacher", "cache.dir",
                                 "report.tensorboard"};
  if (std::find(kPaths.begin(), kPaths.end(), setting.key) == kPaths.end()) return;
  if (!setting.value.IsScalar() || setting.value.Scalar().empty()) return;
  const fs::path value(setting.value.Scalar());
  if (value.is_absolute() || !is_path(setting, folder)) return;
  const fs::path there = folder / value;
  if (!is_anything(there) && is_anything(value)) {
    note("{}: {} is taken from the current folder; {}, where the run began, has it no longer.",
         setting.key, value.string(), folder.string());
    return;
  }
  setting.value = YAML::Node(there.lexically_normal().string());
}

}  // namespace

std::string to_yaml(const Config& config, const fs::path& working_directory) {
  YAML::Emitter folder;
  folder << working_directory.string();
  return fmt::format("# Relative paths below are meant from here.\n{}: {}\n{}{}", kWorkingDirectory,
                     folder.c_str(), to_yaml(config), kConfigEnd);
}

std::vector<Setting> read_config_file(const fs::path& file) {
  const YAML::Node root = load_yaml_map(file);
  auto settings = flatten(root, file.string(), config_keys({kWorkingDirectory}));
  const fs::path folder = root.IsMap() ? other_working_directory(root, file) : fs::path();
  if (folder.empty()) return settings;
  for (Setting& setting : settings) move_into(folder, setting);
  return settings;
}

std::vector<std::string> glance_at_config(const fs::path& file,
                                          const std::vector<std::string>& keys) {
  const YAML::Node root = load_yaml_map(file);
  std::vector<std::string> values;
  for (const std::string& key : keys) {
    YAML::Node node = root;  // reset() below: an assignment would change the document
    for (const std::string_view part : split_text(key, '.')) {
      const bool has_parts = node.IsDefined() && node.IsMap();
      node.reset(has_parts ? node[std::string(part)] : YAML::Node());
    }
    values.push_back(node.IsDefined() && node.IsScalar() ? node.Scalar() : "");
  }
  return values;
}

}  // namespace transfer
