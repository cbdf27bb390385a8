#include "app/commands/given_members.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/advice/advised_config.h"
#include "app/commands/member_runs.h"
#include "app/preparation/backbone_choice.h"
#include "configs/member_settings.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/quiet_messages.h"
#include "models/strategy.h"

namespace transfer {

std::vector<Config> checked_members(const Config& config) {
  std::vector<Config> members;
  for (const std::string& settings : config.members) {
    const auto same = std::count(config.members.begin(), config.members.end(), settings);
    if (same > 1) {
      throw ConfigError(fmt::format(
          "members: '{}' is named {} times. The same model counts once: leave the others out.",
          settings, same));
    }
    members.push_back(config_of_member(config, settings, strategy_names()));
    try {
      check_settings(members.back());
      require_exported(members.back());
    } catch (const ConfigError& error) {
      throw ConfigError(fmt::format("members: '{}': {}{}", settings, error.what(),
                                    " The settings of a member are complete; no preset adds to "
                                    "them."));
    } catch (const ModelError& error) {
      throw ModelError(fmt::format("members: '{}': {}", settings, error.what()));
    }
  }
  return members;
}

void run_members(const TrainOptions& options, const Config& config, const Stopwatch& since_start) {
  const std::vector<Config> configs = checked_members(config);
  const Preparation whole = prepare(resolve_for_advice(options.sources));
  const RunDirectory run = RunDirectory::create(whole.config);
  fmt::print("{}", all_or_nothing(run, [&] {
               MemberRuns members(whole, run, since_start);
               for (const Config& member : configs) {
                 note("member {} of {}: {}, {}", members.runs().size() + 1, configs.size(),
                      member.strategy, member.backbone);
                 const QuietMessages quiet;
                 members.train(member, member.cache);
               }
               return members.join(whole.config, options.json);
             }));
}

}  // namespace transfer
