#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/training/metrics.h"
#include "configs/config.h"

namespace transfer {

/// A finished run whose weights may go into a soup.
struct SoupIngredient {
  std::filesystem::path folder;
  /// The run's own configuration.
  Config config;
  /// What its summary says of the validation images.
  Score val;
};

/// Reads the runs and compares each with the first: what they began with (`data.json`) and the
/// settings that shape the network. Throws ConfigError, naming the first difference, for a run
/// whose weights cannot be averaged with those of the first or that was validated on other images,
/// and for runs that began with random weights or trained a head alone; DataError for damaged
/// files.
std::vector<SoupIngredient> read_ingredients(const std::vector<std::string>& runs,
                                             const ConfigSources& flags);

}  // namespace transfer
