#pragma once

#include <string>
#include <vector>

#include "configs/fields.h"

namespace transfer {

/// What a user may want to know of a key, as text.
struct KeyDescription {
  /// Such as `train.lr` or `slurm.time`.
  std::string key;
  /// What a value looks like, such as "a number from 0 to 1".
  std::string value;
  /// The names that can be chosen; empty where the value is not a choice.
  std::vector<std::string> choices = {};
  /// `none` where there is none.
  std::string unit = "none";
  /// As YAML, or `none`; empty where a value is required.
  std::string default_value;
  std::string description;
  /// A value that can be given, as YAML.
  std::string example;
  UsedBy used_by = UsedBy::kEveryRun;
};

/// The keys of the configuration, in the order of the table.
std::vector<KeyDescription> describe_config_keys();

/// The keys of a batch file that are not the configuration's, with their path:
/// `jobs.matrix.seeds`.
std::vector<KeyDescription> describe_batch_keys();

/// The keys of a batch file under `slurm`.
std::vector<KeyDescription> describe_slurm_keys();

}  // namespace transfer
