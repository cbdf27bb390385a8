#include <fmt/format.h>

#include <cstdio>

#include "app/advice/advised_config.h"
#include "app/advice/measured_advice.h"
#include "app/commands/commands.h"
#include "app/features/cache_folder.h"

namespace transfer {

int run_advise(const AdviseOptions& options) {
  const Stopwatch since_start;
  const Preparation preparation = prepare(resolve_for_advice(options.sources));
  const auto measured = take_advice(preparation, options.sources,
                                    feature_store_folder(preparation.config.cache), since_start);
  warn_of_unused_settings(measured.config);
  fmt::print("{}", options.json ? to_json(measured.advice) : to_text(measured.advice));
  return 0;
}

}  // namespace transfer
