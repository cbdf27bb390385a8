#include "app/commands/member_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/commands/train_in.h"
#include "app/planning/candidate_search.h"
#include "app/runs/run_record.h"
#include "configs/member_settings.h"
#include "core/errors.h"
#include "core/run_files.h"
#include "models/strategy.h"

namespace transfer {

void MemberRuns::train(const Config& given, const CacheConfig& cache, StageProbes known) {
  Config config = given;
  config.out = (run_.path() / run_file::kMembers / fmt::format("{}", runs_.size() + 1)).string();
  config.overwrite = true;
  config.report = {.html = false, .pictures = false};
  Preparation p = with_config(whole_, config);
  const RunDirectory directory = RunDirectory::create(p.config);
  p.config.cache = cache;
  // Beside the whole run, not beside its members.
  if (cache.dir.empty()) p.config.cache.dir = feature_store_folder(whole_.config, run_).string();
  results_of_training(p, directory, {.since_start = since_start_}, /*json=*/false,
                      std::move(known));
  runs_.push_back({directory.path(), config.strategy});
  last_ = std::move(p);
}

void MemberRuns::keep(const std::vector<std::size_t>& positions) {
  std::vector<MemberRun> kept;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (std::find(positions.begin(), positions.end(), i) == positions.end()) {
      RunDirectory::open(runs_[i].directory).discard();
    }
  }
  for (const std::size_t position : positions) kept.push_back(runs_[position]);
  runs_ = std::move(kept);
}

std::vector<std::string> MemberRuns::settings() const {
  std::vector<std::string> settings;
  for (const MemberRun& member : runs_) {
    ConfigSources sources;
    sources.files = {member.directory / run_file::kConfig};
    settings.push_back(
        settings_of_member(whole_.config, resolve_config(sources, strategy_names())));
  }
  return settings;
}

std::string MemberRuns::join(Config config, bool json) {
  config.members = settings();
  config.quality = Quality::kNone;
  config.train.time_limit = {};
  run_.write_config(config);
  return write_summary(run_ensemble(*last_, run_, runs_), *last_, run_, since_start_, json);
}

std::string all_or_nothing(const RunDirectory& run, const std::function<std::string()>& work) {
  try {
    return work();
  } catch (const Interrupted& stop) {
    run.discard();
    throw Interrupted(
        "stopped before all models were there; nothing of the run is kept. Start the "
        "same command again.",
        stop.signal());
  } catch (...) {
    run.discard();
    throw;
  }
}

}  // namespace transfer
