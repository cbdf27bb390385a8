// `--set KEY=VALUE`, one a line.

#include "core/split_text.h"
#include "fuzz/configuration.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  static const fuzz::ScratchFolder scratch;
  ConfigSources sources;
  for (const auto line : split_text(fuzz::text_of(data, size), '\n')) {
    sources.settings.emplace_back(line);
  }
  fuzz::succeeds<ConfigError>(
      "", [&] { fuzz::require_readable(resolve_config(sources, fuzz::strategies()), scratch); });
  return 0;
}
