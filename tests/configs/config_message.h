#pragma once

#include <string>
#include <vector>

#include "configs/config.h"
#include "core/errors.h"

namespace transfer {

inline const std::vector<std::string> kStrategies = {"freeze-conv", "early-features", "all-features",
                                                     "fine-tune",   "retrain",        "auto"};

/// Why sources are refused, or "no error".
inline std::string message_of(const ConfigSources& sources) {
  try {
    resolve_config(sources, kStrategies);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace transfer
