#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "configs/config.h"
#include "configs/yaml_settings.h"

namespace transfer {

/// The line of a run's config.yaml that names the folder in which the run began. It is not a
/// setting: it says from where the file's relative paths are meant.
inline constexpr const char* kWorkingDirectory = "working_directory";

/// YAML's sign for the end of a document. A run's config.yaml ends with it, so that one that was
/// cut off is noticed.
inline constexpr const char* kConfigEnd = "...\n";

/// The configuration as to_yaml() writes it, between the name of that folder and kConfigEnd.
std::string to_yaml(const Config& config, const std::filesystem::path& working_directory);

/// The settings of a file, where `working_directory` may stand beside the keys. If it names another
/// folder than the current one, the file's relative data.path, backbone, cache.dir and
/// report.tensorboard become absolute. A path that exists only in the current folder is taken from
/// there, with a note: the whole project may have moved. Throws ConfigError.
std::vector<Setting> read_config_file(const std::filesystem::path& file);

/// The values of some settings in a file, as they stand there; empty for what it lacks. Checks
/// nothing else. Throws ConfigError where the file cannot be read as YAML.
std::vector<std::string> glance_at_config(const std::filesystem::path& file,
                                          const std::vector<std::string>& keys);

}  // namespace transfer
