#pragma once

#include "configs/config.h"
#include "core/errors.h"
#include "fuzz/target.h"

namespace transfer::fuzz {

/// Names that a configuration may give as its strategy; the real list is in models/.
inline const std::vector<std::string>& strategies() {
  static const std::vector<std::string> names = {"freeze-conv", "early-features", "fine-tune",
                                                 "retrain", "auto"};
  return names;
}

/// A configuration that is accepted must be written so that it reads back to itself.
inline void require_readable(const Config& config, const ScratchFolder& scratch) {
  const std::string text = to_yaml(config);
  ConfigSources sources;
  sources.files = {scratch.write("written.yaml", text)};
  std::string again;
  try {
    again = to_yaml(resolve_config(sources, strategies()));
  } catch (const ConfigError& error) {
    require(false, fmt::format("what is written cannot be read: {}\n{}", error.what(), text));
  }
  require(again == text, fmt::format("not read back to itself:\n{}\n{}", text, again));
}

}  // namespace transfer::fuzz
