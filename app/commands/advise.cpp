#include <fmt/format.h>

#include <cstdio>

#include "app/advice/advised_config.h"
#include "app/advice/measured_advice.h"
#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/features/cache_folder.h"
#include "core/visible_text.h"

namespace transfer {
namespace {

struct AdviseOptions {
  /// A strategy among them is ignored.
  ConfigSources sources;
  bool json = false;
};

int run_advise(const AdviseOptions& options) {
  const Stopwatch since_start;
  const Preparation preparation = prepare(resolve_for_advice(options.sources));
  const auto measured = take_advice(preparation, options.sources,
                                    feature_store_folder(preparation.config.cache), since_start);
  warn_of_unused_settings(measured.config);
  fmt::print("{}",
             options.json ? to_json(measured.advice) : visible_lines(to_text(measured.advice)));
  return 0;
}

CommandRun add_advise_flags(CLI::App& parser) {
  auto options = std::make_shared<AdviseOptions>();
  add_config_flags(parser, options->sources);
  add_step_key_flags(parser, options->sources);
  add_batch_size_flag(parser, options->sources);
  add_machine_key_flags(parser, options->sources);
  parser.add_flag("--json", options->json, "JSON on stdout");
  return [options](const auto&) { return run_advise(*options); };
}

}  // namespace

Command advise_command() {
  return {"advise",
          "Measure which strategy suits the data, and say why and how long each would take",
          add_advise_flags};
}

}  // namespace transfer
