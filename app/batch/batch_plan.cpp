#include "app/batch/batch_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "app/advice/advised_config.h"
#include "app/advice/stage_probes.h"
#include "app/compute/allocator.h"
#include "app/compute/device.h"
#include "app/preparation/backbone_choice.h"
#include "app/preparation/preparation.h"
#include "app/preparation/teacher_choice.h"
#include "app/preparation/unused_settings.h"
#include "configs/device_choice.h"
#include "configs/fields.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/messages.h"
#include "datasets/image_content.h"
#include "models/frozen_trunk.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// The configuration without the settings that do not change the result.
std::string decisive_settings(Config config) {
  copy_settings(Config(), config,
                [](const Field& field) { return field.effect == Effect::kPlaceOrSpeed; });
  return to_yaml(config);
}

/// The settings that decide what choose_backbone() returns.
std::string backbone_settings(const Config& config) {
  const bool depends_on_data = config.backbone == kFlattenBackbone;
  Config decisive;
  copy_settings(config, decisive, [depends_on_data](const Field& field) {
    return field.key == "backbone" || field.key == "data.input_size" ||
           field.key == "data.resize" || field.key.starts_with("input.") ||
           (depends_on_data && field.key == "data.path");
  });
  return to_yaml(decisive);
}

/// Throws ConfigError where a job does not train epoch by epoch.
void require_epochs(const Config& config) {
  if (config.strategy != kAutoStrategy && !find_strategy(config.strategy).trunk_is_frozen) return;
  throw ConfigError(fmt::format(
      "search.halving compares jobs after some epochs, but the strategy {} has no epochs. Use "
      "fine-tune or retrain, or leave halving out.",
      config.strategy));
}

/// Hashes the data and the backbones of many jobs; reads every file once.
class Inputs {
 public:
  explicit Inputs(bool run_here) : run_here_(run_here) {}

  /// Throws Error where the job could not start.
  std::string key_of(const BatchJob& job) {
    const Config& config = job.config;
    if (job.halving) require_epochs(config);
    if (config.strategy == kAutoStrategy) resolve_for_advice(job.sources);
    check_settings(config);
    parse_device(config.device);
    if (run_here_) choose_device(config.device, /*local_rank=*/0, cuda_state_without_trial);
    const TargetKind kind = objective_of(config).targets();
    const Dataset dataset =
        open_dataset(config.data, static_cast<std::uint64_t>(config.seed), kind);
    check_targets(config, dataset);
    Sha256 key;
    key.update(decisive_settings(config));
    for (const auto* split : {&dataset.train, &dataset.val, &dataset.test}) add(*split, key);
    key.update(backbone_of(config, dataset));
    key.update(teacher_of(config, dataset));
    return key.hex();
  }

 private:
  void add(const std::vector<Sample>& samples, Sha256& key) {
    key.update(fmt::format("{} images\n", samples.size()));
    for (const Sample& sample : samples) {
      throw_if_stopped();
      key.update(fmt::format("{} ", sample.label));
      for (const float target : sample.targets) key.update(fmt::format("{} ", target));
      key.update(content_of(sample));
    }
  }

  const std::string& content_of(const Sample& sample) {
    std::string& content = contents_[sample.path];
    if (!content.empty()) return content;
    try {
      content = content_hash(sample);
    } catch (const DataError&) {
      content = "unreadable";
    }
    return content;
  }

  /// What `load` returns. Its failure is kept under `name`, so that an export or a cut that fails
  /// is not tried for every job.
  template <typename Load>
  auto try_once(const std::string& name, const Load& load) {
    if (const auto failed = failures_.find(name); failed != failures_.end()) throw failed->second;
    try {
      return load();
    } catch (const Interrupted&) {
      throw;
    } catch (const Error& error) {
      failures_.emplace(name, error);
      throw;
    }
  }

  /// Throws ModelError where the network, of these settings, cannot be cut at the job's stage.
  void check_cut(const std::string& name, const Config& config, const Backbone& backbone) {
    const bool cuts =
        config.strategy == kAutoStrategy || find_strategy(config.strategy).cut == Cut::kAtStage;
    if (!cuts || config.cut.empty()) return;
    const std::string place = fmt::format("{}cut: {}", name, config.cut);
    if (cuts_.contains(place)) return;
    try_once(place, [&] { FrozenTrunk(backbone, {config.cut}, torch::kCPU); });
    cuts_.insert(place);
  }

  /// The fingerprint of the backbone. Loads each backbone once.
  std::string backbone_of(const Config& config, const Dataset& dataset) {
    const std::string name = backbone_settings(config);
    auto known = backbones_.find(name);
    if (known == backbones_.end()) {
      const Backbone loaded = try_once(name, [&] { return choose_backbone(config, dataset); });
      known = backbones_.emplace(name, std::pair(loaded, loaded.fingerprint())).first;
    }
    const auto& [backbone, fingerprint] = known->second;
    check_network(config, backbone, dataset);
    if (probes_stages(config)) require_probing(config, backbone, dataset);
    check_cut(name, config, backbone);
    return fingerprint;
  }

  /// The hash of the teacher's file; empty without one. REQUIRES: backbone_of() was called.
  std::string teacher_of(const Config& config, const Dataset& dataset) {
    if (config.train.teacher.empty()) return "";
    const Backbone& backbone = backbones_.at(backbone_settings(config)).first;
    const std::string name =
        fmt::format("teacher: {} {} {}", config.train.teacher,
                    to_key(backbone.metadata().preprocessing), fmt::join(dataset.classes, "\n"));
    const auto known = teachers_.find(name);
    if (known != teachers_.end()) return known->second;
    const auto teacher = try_once(name, [&] {
      return choose_teacher(config, dataset, backbone.metadata().preprocessing, torch::kCPU);
    });
    return teachers_.emplace(name, teacher->file().sha256).first->second;
  }

  bool run_here_;
  std::unordered_map<std::string, std::string> contents_;
  // By the settings of the backbone.
  std::map<std::string, std::pair<Backbone, std::string>> backbones_;
  // The hashes of teachers, by what they were checked for.
  std::map<std::string, std::string> teachers_;
  std::map<std::string, Error> failures_;
  // Cuts that a network takes, by its settings and the stage.
  std::set<std::string> cuts_;
};

/// Tells in one warning which settings some jobs do not use: their own warnings are in their logs.
void warn_of_settings_in_vain(const std::vector<PlannedJob>& jobs) {
  std::vector<std::pair<std::string, std::size_t>> counts;
  for (const PlannedJob& planned : jobs) {
    const Config& config = planned.job.config;
    if (config.strategy == kAutoStrategy) continue;  // not known yet
    auto unused = unused_settings(config);
    const auto by_loss = settings_unused_by_loss(config);
    unused.insert(unused.end(), by_loss.begin(), by_loss.end());
    for (const UnusedSetting& setting : unused) {
      const auto known = std::find_if(counts.begin(), counts.end(), [&](const auto& entry) {
        return entry.first == setting.key;
      });
      known == counts.end() ? counts.emplace_back(setting.key, 1).second : ++known->second;
    }
  }
  if (counts.empty()) return;
  std::vector<std::string> parts;
  for (const auto& [key, count] : counts) {
    parts.push_back(fmt::format("{} (in {} of {} jobs)", key, count, jobs.size()));
  }
  warn("settings without an effect: {}. The logs of the jobs say what would use them.",
       fmt::join(parts, ", "));
}

/// Messages shown before the rest is counted.
constexpr std::size_t kMostShown = 10;

}  // namespace

std::vector<std::string> BatchPlan::names() const {
  std::vector<std::string> names;
  for (const PlannedJob& planned : jobs) names.push_back(planned.job.name);
  return names;
}

std::vector<std::string> BatchPlan::axes() const {
  std::vector<std::string> keys;
  for (const PlannedJob& planned : jobs) {
    for (const auto& [key, value] : planned.job.axes) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  }
  return keys;
}

std::optional<std::size_t> BatchPlan::find(const std::string& name) const {
  for (std::size_t job = 0; job < jobs.size(); ++job) {
    if (jobs[job].job.name == name) return job;
  }
  return std::nullopt;
}

BatchPlan plan_batch(std::vector<BatchJob> jobs, bool run_here) {
  BatchPlan plan;
  std::vector<std::string> messages;
  ExitCode exit_code = ExitCode::kDone;
  {
    Inputs inputs(run_here);
    for (BatchJob& job : jobs) {
      try {
        std::string key = inputs.key_of(job);
        plan.jobs.push_back({std::move(job), std::move(key)});
      } catch (const Interrupted&) {
        throw;
      } catch (const Error& error) {
        if (messages.empty()) exit_code = error.exit_code();
        messages.push_back(fmt::format("job {} ({}): {}", job.name, job.where, error.what()));
      }
    }
  }
  release_freed_memory();  // of the backbones: the jobs need it
  if (messages.empty()) {
    warn_of_settings_in_vain(plan.jobs);
    return plan;
  }
  if (messages.size() > 1) {
    for (std::size_t i = 0; i < std::min(messages.size(), kMostShown); ++i) note("{}", messages[i]);
  }
  if (messages.size() > kMostShown) note("and {} more", messages.size() - kMostShown);
  throw Error(fmt::format("{} of {} jobs cannot run; none was started. {}{}", messages.size(),
                          jobs.size(), messages.size() > 1 ? "The first: " : "", messages.front()),
              exit_code);
}

ConfigSources sources_in_batch(const BatchJob& job, const std::string& run_directory,
                               std::int64_t threads, const std::string& device) {
  ConfigSources sources = job.sources;
  Config sharing = job.config;
  sharing.cache.share = true;
  const bool is_auto = sharing.strategy == kAutoStrategy;
  const auto unused = is_auto ? std::vector<UnusedSetting>() : unused_settings(sharing);
  if (std::none_of(unused.begin(), unused.end(),
                   [](const UnusedSetting& setting) { return setting.key == "cache.share"; })) {
    // The weakest layer, so that the file can turn it off.
    sources.layers.insert(sources.layers.begin(), {{"cache.share", "true", "transfer batch"}});
  }
  sources.flags.emplace_back("out", run_directory);
  sources.flags.emplace_back("overwrite", "true");
  if (threads > 0 && job.config.threads == 0) {
    sources.flags.emplace_back("threads", fmt::format("{}", threads));
  }
  const bool is_any_gpu = parse_device(job.config.device).takes_any_gpu();
  if (!device.empty() && is_any_gpu) sources.flags.emplace_back("device", device);
  return sources;
}

}  // namespace transfer
