#pragma once

#include <CLI/CLI.hpp>

#include "app/commands/commands.h"

namespace transfer {

/// Adds the command `batch`; parsing fills `options`.
void add_batch(CLI::App& app, BatchOptions& options);

/// Adds the commands `cache ls` and `cache prune`; parsing fills `options`.
void add_cache(CLI::App& app, CacheOptions& options);

}  // namespace transfer
