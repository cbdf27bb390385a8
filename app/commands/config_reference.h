#pragma once

#include <string>
#include <utility>
#include <vector>

#include "configs/key_description.h"

namespace transfer {

/// A key as `transfer config` shows it.
struct ReferenceKey {
  KeyDescription description;
  /// Such as "fine-tune, retrain"; empty for the keys of a batch file.
  std::string used_by;
  /// The presets that give it a value other than its default, as (preset, value).
  std::vector<std::pair<std::string, std::string>> presets;
  /// An example for the command line; empty for the keys of a batch file.
  std::string set_example;
  /// An example for a YAML file, on one line.
  std::string yaml_example;
};

/// Keys that are shown together.
struct ReferenceGroup {
  std::string name;
  std::string title;
  std::vector<ReferenceKey> keys;
};

/// The names of all groups, in the order of configuration_reference().
std::vector<std::string> reference_group_names();

/// What a group of a run's keys is about, as a title.
std::string title_of_group(const std::string& name);

/// Every key there is: of the configuration, of batch files, and of their section `slurm`.
std::vector<ReferenceGroup> configuration_reference();

/// docs/configuration.md
std::string reference_as_markdown(const std::vector<ReferenceGroup>& groups);

/// An object of groups, each an array of keys.
std::string reference_as_json(const std::vector<ReferenceGroup>& groups);

}  // namespace transfer
