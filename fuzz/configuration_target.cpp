// A configuration file in YAML.

#include "fuzz/configuration.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  static const fuzz::ScratchFolder scratch;
  ConfigSources sources;
  sources.files = {scratch.write("run.yaml", fuzz::text_of(data, size))};
  fuzz::succeeds<ConfigError>(
      "", [&] { fuzz::require_readable(resolve_config(sources, fuzz::strategies()), scratch); });
  return 0;
}
