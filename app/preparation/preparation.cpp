#include "app/preparation/preparation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/compute/arithmetic.h"
#include "app/compute/device.h"
#include "app/preparation/backbone_choice.h"
#include "app/preparation/reading_messages.h"
#include "app/preparation/sample_range.h"
#include "app/preparation/teacher_choice.h"
#include "app/preparation/unused_settings.h"
#include "app/training/monitor.h"
#include "app/training/unfreezing.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/quantity_text.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// "2 classes"
std::string outputs_text(TargetKind kind, std::size_t count) {
  if (kind == TargetKind::kClass) return count_of(count, "class", "classes");
  return kind == TargetKind::kLabels ? count_text(count, "label")
                                     : count_of(count, "column of numbers", "columns of numbers");
}

std::string_view outputs_called(TargetKind kind) {
  if (kind == TargetKind::kClass) return "classes";
  return kind == TargetKind::kLabels ? "labels" : "columns of numbers";
}

/// Says how uneven the classes of the training images are, where they are.
void report_balance(const Dataset& dataset) {
  constexpr std::int64_t kUneven = 3;
  constexpr std::int64_t kVeryUneven = 10;
  std::vector<std::int64_t> counts(dataset.classes.size(), 0);
  for (const Sample& sample : dataset.train) ++counts[static_cast<std::size_t>(sample.label)];
  const auto [smallest, largest] = std::minmax_element(counts.begin(), counts.end());
  if (*largest < kUneven * *smallest) return;
  const auto name = [&](auto position) {
    return dataset.classes[static_cast<std::size_t>(position - counts.begin())];
  };
  const std::string text = fmt::format("classes are uneven: {} training images of '{}', {} of '{}'",
                                       *largest, name(largest), *smallest, name(smallest));
  if (*largest < kVeryUneven * *smallest) {
    note("{}", text);
  } else {
    warn("{}. head.class_weights=auto weighs them alike, head.loss=logit_adjusted makes up for it.",
         text);
  }
}

/// Says what the reader found in the training data.
void report_findings(const Findings& findings, std::string_view outputs) {
  report_reading(findings);
  if (findings.copies > 0) {
    note("{} of another, byte for byte; where the program divides the images, copies stay together",
         findings.copies == 1 ? "1 image is a copy"
                              : fmt::format("{} images are copies", findings.copies));
  }
  if (!findings.missing_in_val.empty()) {
    warn(
        "no validation image shows {} of the {}: {}. The validation scores say nothing about them.",
        findings.missing_in_val.size(), outputs, first_five(findings.missing_in_val));
  }
}

}  // namespace

void check_optimizer(const Config& config) {
  const bool trains =
      config.strategy != kAutoStrategy && !find_strategy(config.strategy).trunk_is_frozen;
  if (!trains || config.train.optimizer != Optimizer::kLbfgs) return;
  throw ConfigError(
      fmt::format("train.optimizer: found 'lbfgs' with the strategy {}. It fits heads to features "
                  "that never change. Expected adamw or sgd.",
                  config.strategy));
}

void check_frozen_stages(const Config& config, const Backbone& backbone) {
  const auto& stages = backbone.metadata().stages;
  const auto count = std::max<std::int64_t>(static_cast<std::int64_t>(stages.size()), 1);
  const bool trains =
      config.strategy == kAutoStrategy || !find_strategy(config.strategy).trunk_is_frozen;
  if (!trains || config.train.freeze_stages <= count) return;
  throw ConfigError(
      fmt::format("train.freeze_stages: found {}, but {} has {} stages ({}). Expected 0 to {}; "
                  "with {} the head alone trains.",
                  config.train.freeze_stages, backbone.metadata().name, count,
                  fmt::join(stages, " "), count, count));
}

void check_batches_of_one(const Config& config, const Backbone& backbone, std::int64_t images) {
  const bool trains =
      config.strategy != kAutoStrategy && !find_strategy(config.strategy).trunk_is_frozen;
  const std::int64_t batch = std::min(config.train.batch_size, images);
  if (!trains || config.train.batch_norm != BatchNorm::kTrain || batch != 1) return;
  const auto& stages = backbone.metadata().stages;
  const auto count = static_cast<std::int64_t>(stages.size());
  const auto frozen = stages_never_trained(config.train, std::max<std::int64_t>(count, 1));
  const std::vector<std::string> frozen_stages(stages.begin(),
                                               stages.begin() + std::min(frozen, count));
  if (!backbone.has_batch_norm(frozen_stages)) return;
  throw ConfigError(
      fmt::format("train.batch_size: found batches of one image{} with train.batch_norm=train: "
                  "BatchNorm has no "
                  "variance over one image. {} train.batch_norm=frozen.",
                  config.train.batch_size > 1 ? " (there is one training image)" : "",
                  config.train.batch_size > 1 ? "Set" : "Set train.batch_size to 2 or more, or"));
}

void check_settings(const Config& config) {
  check_optimizer(config);
  check_teacher_setting(config);
  require_monitored(objective_of(config), config.train.monitor);
}

void check_targets(const Config& config, const Dataset& dataset) {
  require_monitored_on(truth_of(dataset.val), static_cast<std::int64_t>(dataset.classes.size()),
                       objective_of(config), config.train.monitor);
}

void check_network(const Config& config, const Backbone& backbone, const Dataset& dataset) {
  check_frozen_stages(config, backbone);
  check_batches_of_one(config, backbone, static_cast<std::int64_t>(dataset.train.size()));
}

void warn_of_unused_settings(const Config& config) {
  for (const UnusedSetting& setting : unused_settings(config)) {
    const std::string with =
        fmt::format("{}{}", setting.used_with.empty() ? "" : "; it has one with --set ",
                    fmt::join(setting.used_with, " --set "));
    warn("{} has no effect here with the strategy {}{}.", setting.key, config.strategy, with);
  }
  for (const UnusedSetting& setting : settings_unused_by_loss(config)) {
    warn("{} has no effect with the loss {}.", setting.key, name_of(objective_of(config).loss));
  }
}

Preparation prepare(const Config& given, std::shared_ptr<ProcessGroup> group) {
  Config config = given;
  check_settings(config);
  if (group->size() > 1) config.cache.share = true;
  // It is not known yet which settings `auto` will use.
  if (config.strategy != kAutoStrategy) warn_of_unused_settings(config);
  const auto device = choose_device(config.device, group->local_rank());
  set_arithmetic(device, config.compute);
  auto threads = use_threads(config.threads);
  if (config.threads == 0) threads = use_threads(share_of_cores(*group, threads));
  const TargetKind kind = objective_of(config).targets();
  Dataset dataset = open_dataset(config.data, static_cast<std::uint64_t>(config.seed), kind);
  check_targets(config, dataset);
  const SampleSurvey survey = settle_sample_range(config, dataset, threads);
  const auto backbone = choose_backbone(config, dataset);
  report_sample_values(survey, dataset, backbone.metadata().preprocessing, threads);
  check_network(config, backbone, dataset);
  auto teacher = choose_teacher(config, dataset, backbone.metadata().preprocessing, device);
  note("{}: {}, {} train, {} val, {} test images; {} on {}, {}", config.data.path,
       outputs_text(kind, dataset.classes.size()), dataset.train.size(), dataset.val.size(),
       dataset.test.size(), backbone.metadata().name, device.str(),
       count_text(static_cast<std::size_t>(threads), "thread"));
  if (group->is_rank0()) {
    report_findings(dataset.findings, outputs_called(kind));
    if (kind == TargetKind::kClass) report_balance(dataset);
  }
  if (group->size() > 1) {
    note("{} processes train together, each with the threads and the device above", group->size());
  }
  if (teacher) note("{}", description_of(*teacher));
  return {
      config, device, threads, backbone, std::move(dataset), std::move(group), std::move(teacher)};
}

TrainableOptions trainable_options(const Config& config, std::int64_t classes) {
  TrainableOptions options;
  options.classes = classes;
  options.head = config.head;
  options.from_scratch = config.train.from_scratch;
  options.batch_norm = config.train.batch_norm;
  options.seed = static_cast<std::uint64_t>(config.seed);
  return options;
}

}  // namespace transfer
