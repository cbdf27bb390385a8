#pragma once

#include <filesystem>
#include <string>

#include "configs/config.h"

namespace transfer {

/// What the checkpoints of a run belong to. Empty parts are not known and match any.
struct RunIdentity {
  /// The settings that decide what is learned and that a resumed run must keep, one `KEY: VALUE` a
  /// line.
  std::string settings;
  /// SHA-256 of the run's data.json: its images, labels, classes and backbone.
  std::string data;
};

/// The settings of an identity. Left out are where files lie, the number of epochs and of replicas,
/// which a resumed run may change.
std::string settings_to_keep(const Config& config);

/// Throws ConfigError naming the setting that differs, or ModelError where `file`, a checkpoint
/// that says `found`, is that of a run on other data.
void require_same_run(const RunIdentity& found, const RunIdentity& expected,
                      const std::filesystem::path& file);

}  // namespace transfer
