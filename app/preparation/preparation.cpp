#include "app/preparation/preparation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/compute/device.h"
#include "app/preparation/backbone_choice.h"
#include "app/preparation/unused_settings.h"
#include "core/errors.h"
#include "models/strategy.h"

namespace transfer {
namespace {

const char* outputs_called(TargetKind kind) {
  if (kind == TargetKind::kClass) return "classes";
  return kind == TargetKind::kLabels ? "labels" : "columns of numbers";
}

}  // namespace

void check_frozen_stages(const Config& config, const Backbone& backbone) {
  const auto& stages = backbone.metadata().stages;
  const auto count = std::max<std::int64_t>(static_cast<std::int64_t>(stages.size()), 1);
  const bool trains =
      config.strategy == kAutoStrategy || !find_strategy(config.strategy).trunk_is_frozen;
  if (!trains || config.train.freeze_stages <= count) return;
  throw ConfigError(
      fmt::format("train.freeze_stages: found {}, but {} has {} stages ({}). Expected 0 to {}; "
                  "with {} the head "
                  "alone trains.",
                  config.train.freeze_stages, backbone.metadata().name, count,
                  fmt::join(stages, " "), count, count));
}

void warn_of_unused_settings(const Config& config) {
  for (const auto& key : unused_settings(config)) {
    fmt::print(stderr, "warning: {} has no effect with the strategy {}.\n", key, config.strategy);
  }
  for (const auto& key : settings_unused_by_loss(config)) {
    fmt::print(stderr, "warning: {} has no effect with the loss {}.\n", key,
               loss_name(objective_of(config).loss));
  }
}

Preparation prepare(const Config& given, std::shared_ptr<ProcessGroup> group) {
  Config config = given;
  if (group->size() > 1) config.cache.share = true;
  // Which settings `auto` will look at is not known yet.
  if (config.strategy != kAutoStrategy) warn_of_unused_settings(config);
  const auto device = choose_device(config.device, group->local_rank());
  auto threads = use_threads(config.threads);
  if (config.threads == 0) threads = use_threads(share_of_cores(*group, threads));
  const TargetKind kind = objective_of(config).targets();
  Dataset dataset = open_dataset(config.data, static_cast<std::uint64_t>(config.seed), kind);
  const auto backbone = choose_backbone(config, dataset);
  check_frozen_stages(config, backbone);
  fmt::print(stderr, "{}: {} {}, {} train, {} val, {} test images; {} on {}, {} threads\n",
             config.data.path, dataset.classes.size(), outputs_called(kind), dataset.train.size(),
             dataset.val.size(), dataset.test.size(), backbone.metadata().name, device.str(),
             threads);
  if (!dataset.skipped_files.empty()) {
    fmt::print(stderr, "{} files are no images by their ending and were skipped, such as {}\n",
               dataset.skipped_files.size(), dataset.skipped_files.front());
  }
  if (group->size() > 1) {
    fmt::print(stderr, "{} processes train together, each with the threads and the device above\n",
               group->size());
  }
  return {config, device, threads, backbone, std::move(dataset), std::move(group)};
}

TrainableOptions trainable_options(const Preparation& p) {
  TrainableOptions options;
  options.classes = static_cast<std::int64_t>(p.dataset.classes.size());
  options.head = p.config.head;
  options.from_scratch = p.config.train.from_scratch;
  options.batch_norm = p.config.train.batch_norm;
  options.seed = static_cast<std::uint64_t>(p.config.seed);
  return options;
}

std::filesystem::path feature_store_folder(const Config& config, const RunDirectory& run) {
  if (!config.cache.dir.empty()) return config.cache.dir;
  return std::filesystem::absolute(run.path()).parent_path() / "feature-store";
}

Summary begin_summary(const Preparation& p, const RunDirectory& run) {
  Summary summary;
  summary.strategy = p.config.strategy;
  summary.backbone = p.backbone.metadata().name;
  summary.device = p.device.str();
  summary.threads = p.threads;
  summary.processes = p.group->size();
  summary.seed = p.config.seed;
  summary.objective = objective_of(p.config);
  summary.classes = p.dataset.classes;
  summary.skipped_files = static_cast<std::int64_t>(p.dataset.skipped_files.size());
  summary.run_directory = run.path().string();
  return summary;
}

void write_epoch(const RunDirectory& run, const EpochReport& report) {
  const nlohmann::ordered_json line = {
      {"epoch", report.epoch},       {"train_loss", report.train_loss},
      {"val_loss", report.val_loss}, {"val_" + report.val_score.name, report.val_score.value},
      {"lr", report.learning_rate},  {"seconds", report.seconds}};
  run.append_metrics(line.dump());
}

}  // namespace transfer
