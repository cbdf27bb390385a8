#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "configs/config.h"

namespace transfer {

/// Adds the flag of a configuration key (see configs/key_flags.h); its value goes to
/// `sources.flags`, so that it wins over files. Of several the last one counts. A switch takes no
/// value and sets its key to true.
void add_key_flag(CLI::App& parser, ConfigSources& sources, const std::string& key,
                  const std::string& help);

/// --data, --task, --backbone, --image-size, --augment, --seed, --trust, --trust-file, --preset,
/// --config and --set: what every command takes that reads a configuration.
void add_config_flags(CLI::App& parser, ConfigSources& sources);

/// --epochs, --lr and --patience.
void add_step_key_flags(CLI::App& parser, ConfigSources& sources);

/// --batch-size.
void add_batch_size_flag(CLI::App& parser, ConfigSources& sources);

/// --device, --threads and --workers as keys of the configuration.
void add_machine_key_flags(CLI::App& parser, ConfigSources& sources);

/// --trust and --trust-file as keys of the configuration.
void add_trust_key_flags(CLI::App& parser, ConfigSources& sources);

/// --trust and --trust-file for commands without a configuration.
void add_trust_flags(CLI::App& parser, std::string& trust, std::string& trust_file);

/// --device and --threads for commands without a configuration.
void add_machine_flags(CLI::App& parser, std::string& device, std::int64_t& threads);

/// --model, also called --backbone: a network that a command looks at, which it must be given.
void add_network_flag(CLI::App& parser, std::string& network);

/// --max-image-bytes, as data.max_image_bytes, for commands without a configuration.
void add_image_limit(CLI::App& parser, std::int64_t& max_image_bytes);

}  // namespace transfer
