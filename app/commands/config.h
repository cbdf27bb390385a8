#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace transfer {

/// `transfer config`
struct ConfigOptions {
  /// A key to explain or a group to list; empty lists everything.
  std::string name;
  /// docs/configuration.md on stdout.
  bool markdown = false;
  bool json = false;
};

void add_config(CLI::App& app, ConfigOptions& options);

/// Prints what the keys of the configuration and of batch files mean. Throws ConfigError for a name
/// that is neither a key nor a group.
int run_config(const ConfigOptions& options);

}  // namespace transfer
