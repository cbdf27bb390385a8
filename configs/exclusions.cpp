#include "configs/exclusions.h"

#include <fmt/format.h>

#include <algorithm>

#include <utility>

#include "configs/column_roles.h"
#include "configs/group_pattern.h"
#include "core/errors.h"

namespace transfer {
namespace {

void refuse_loss_of_another_task(const Config& config, const Objective& objective) {
  if (objective.task() == config.task) return;
  const bool is_regression = config.task == Task::kRegression;
  throw ConfigError(
      fmt::format("task: {} and head.loss: {} exclude each other. Expected {}; or give --task {}.",
                  name_of(config.task), name_of(objective.loss),
                  is_regression ? "mse, mae or huber"
                                : "cross_entropy, focal, logit_adjusted or binary_cross_entropy",
                  name_of(objective.task())));
}

/// Settings that weigh, smooth or balance classes need one class per image.
void refuse_settings_of_classes(const Config& config, const Objective& objective) {
  const auto refuse = [&](const char* key, std::string_view value, const char* without) {
    throw ConfigError(fmt::format(
        "{}: {} and head.loss: {} exclude each other: it needs one class per image. Leave it "
        "out, or set {}.",
        key, value, name_of(objective.loss), without));
  };
  if (config.head.label_smoothing > 0) {
    refuse("head.label_smoothing", fmt::format("{}", config.head.label_smoothing),
           "head.label_smoothing=0");
  }
  if (config.head.class_weights != ClassWeights::kNone) {
    refuse("head.class_weights", name_of(config.head.class_weights), "head.class_weights=none");
  }
  if (config.data.sampler != Sampler::kShuffle) {
    refuse("data.sampler", name_of(config.data.sampler), "data.sampler=shuffle");
  }
}

/// The logit-adjusted loss makes up for uneven classes by itself.
void refuse_second_balance(const Config& config) {
  const auto refuse = [](const char* key, std::string_view value, const char* without) {
    throw ConfigError(fmt::format(
        "{}: {} and head.loss: logit_adjusted exclude each other: both make up for uneven "
        "classes, and together they would favour the rare ones. Leave one of them out, or set {}.",
        key, value, without));
  };
  if (config.head.class_weights != ClassWeights::kNone) {
    refuse("head.class_weights", name_of(config.head.class_weights), "head.class_weights=none");
  }
  if (config.data.sampler != Sampler::kShuffle) {
    refuse("data.sampler", name_of(config.data.sampler), "data.sampler=shuffle");
  }
}

/// The teacher's part of the loss is a divergence between the probabilities of classes.
void refuse_teacher_of_other_losses(const Config& config, const Objective& objective) {
  if (config.train.teacher.empty() || objective.loss == LossKind::kCrossEntropy) return;
  throw ConfigError(fmt::format(
      "train.teacher: '{}' and head.loss: {} exclude each other: a network learns from a teacher "
      "with one class per image and the loss cross_entropy. Leave the teacher out, or set "
      "head.loss=cross_entropy.",
      config.train.teacher, name_of(objective.loss)));
}

void refuse_penalty_without_start(const TrainConfig& train) {
  if (train.l2_sp == 0 || !train.from_scratch) return;
  throw ConfigError(
      fmt::format("train.l2_sp: {} and train.from_scratch: true exclude each other: weights that "
                  "are drawn anew have no pretrained values to stay near. Leave one of them out, "
                  "or set train.l2_sp=0.",
                  train.l2_sp));
}

void refuse_impossible_fold(const DataConfig& data) {
  if (data.folds == 1) {
    throw ConfigError(
        "data.folds: found 1, which leaves nothing to train on. Expected 2 or more, or 0 for no "
        "folds.");
  }
  if (data.folds == 0 && data.fold > 1) {
    throw ConfigError(
        fmt::format("data.fold: found {} without data.folds. Say how many folds there are, such as "
                    "data.folds=5.",
                    data.fold));
  }
  if (data.folds > 0 && data.fold > data.folds) {
    throw ConfigError(
        fmt::format("data.fold: found {}, expected 1 to {} (data.folds).", data.fold, data.folds));
  }
}

/// Numbers per channel, as far as they can be counted without the network.
void refuse_uneven_channels(const InputConfig& input) {
  const auto refuse = [&](const std::string& key, std::size_t found, const std::string& expected) {
    throw ConfigError(fmt::format("{}: found {} numbers, expected 1 for all channels or {}",
                                  input.placed(key), found, expected));
  };
  for (const auto& [key, numbers] :
       {std::pair("input.mean", &input.mean), std::pair("input.std", &input.std)}) {
    const auto count = static_cast<std::int64_t>(numbers->size());
    if (input.channels && count > 1 && count != *input.channels) {
      refuse(key, numbers->size(), fmt::format("{} (input.channels).", *input.channels));
    }
  }
  const std::size_t means = input.mean.size();
  const std::size_t deviations = input.std.size();
  if (means > 1 && deviations > 1 && means != deviations) {
    refuse("input.std", deviations, fmt::format("{}, as many as input.mean has.", means));
  }
}

void refuse_unclear_input(const InputConfig& input) {
  refuse_uneven_channels(input);
  if (input.scale == PixelScale::k255 && (input.mean.empty() || input.std.empty())) {
    throw ConfigError(fmt::format(
        "{}: found '0-255' without {}. Give both for pixels of 0 to 255: input.mean=0 and "
        "input.std=1 where the network takes them as they are.",
        input.placed("input.scale"), input.mean.empty() ? "input.mean" : "input.std"));
  }
  const auto exceed_1 = [](const std::vector<double>& numbers) {
    return std::any_of(numbers.begin(), numbers.end(), [](double number) { return number > 1; });
  };
  const bool is_mean = exceed_1(input.mean);
  if (!input.scale && (is_mean || exceed_1(input.std))) {
    throw ConfigError(fmt::format(
        "{}: found numbers above 1, but pixels are 0 to 1 unless input.scale says otherwise. Add "
        "input.scale=0-255 if they are meant for pixels of 0 to 255, else input.scale=0-1.",
        is_mean ? input.placed("input.mean") : input.placed("input.std")));
  }
  if (input.order == ChannelOrder::kBgr && input.channels && *input.channels != 3) {
    throw ConfigError(fmt::format(
        "{}: found 'bgr' with input.channels={}. An order of colours needs 3 channels; leave it "
        "out.",
        input.placed("input.order"), *input.channels));
  }
}

/// What plans a run chooses the strategy.
void refuse_strategy_of_plan(const Config& config) {
  const bool is_planned = config.quality != Quality::kNone;
  if (!is_planned && config.members.empty()) return;
  const std::string key =
      is_planned ? fmt::format("quality: {}", name_of(config.quality)) : std::string("members");
  if (is_planned && !config.members.empty()) {
    throw ConfigError(fmt::format(
        "{} and members exclude each other: the one finds the models of a run, the other names "
        "them. Leave one out.",
        key));
  }
  if (!is_planned && config.train.time_limit.seconds > 0) {
    throw ConfigError(
        "members and train.time_limit exclude each other: what the members train is decided, so "
        "there is nothing to plan for the time. Leave one out.");
  }
  if (config.backbone == kFlattenBackbone) {
    throw ConfigError(fmt::format(
        "{} and backbone: {} exclude each other: there are no pretrained layers to choose from. "
        "Leave one out.",
        key, kFlattenBackbone));
  }
  if (config.strategy != "auto") {
    throw ConfigError(fmt::format(
        "{} and strategy: {} exclude each other: {}. Leave one out.", key, config.strategy,
        is_planned ? "the strategies are chosen by measuring" : "each member names its own"));
  }
  if (is_planned && !config.train.teacher.empty()) {
    throw ConfigError(fmt::format(
        "{} and train.teacher: '{}' exclude each other: a plan compares heads on frozen layers, "
        "which learn from no teacher. Name the strategy (--strategy fine-tune) in place of the "
        "quality.",
        key, config.train.teacher));
  }
  if (is_planned && config.train.from_scratch) {
    throw ConfigError(fmt::format(
        "{} and train.from_scratch exclude each other: a plan compares pretrained layers, which "
        "training from scratch forgets. Leave one out.",
        key));
  }
}

}  // namespace

void refuse_exclusive_settings(const Config& config) {
  refuse_strategy_of_plan(config);
  refuse_unclear_input(config.input);
  refuse_impossible_fold(config.data);
  refuse_penalty_without_start(config.train);
  const ColumnRoles roles = column_roles(config.data.columns);
  if (!config.data.group_by.empty()) {
    const GroupPattern checked(config.data.group_by);
    if (!roles.group.empty()) {
      throw ConfigError(
          "data.group_by and data.columns 'group=' exclude each other: both say what an image's "
          "group is. Leave one out.");
    }
  }
  const Objective objective = objective_of(config);
  refuse_loss_of_another_task(config, objective);
  if (objective.targets() != TargetKind::kClass) refuse_settings_of_classes(config, objective);
  if (objective.loss == LossKind::kLogitAdjusted) refuse_second_balance(config);
  refuse_teacher_of_other_losses(config, objective);
  if (objective.targets() != TargetKind::kValues && !config.data.targets.empty()) {
    throw ConfigError(
        "data.targets and task: classification exclude each other: it names columns of numbers. "
        "Give --task regression, or leave it out.");
  }
  if (objective.targets() == TargetKind::kValues && !roles.label.empty()) {
    throw ConfigError(fmt::format(
        "data.columns: 'label={0}' names a column of labels, but the task is regression. "
        "Give --set data.targets={0}, or --task classification.",
        roles.label));
  }
}

}  // namespace transfer
