#include "app/commands/config_reference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "configs/config.h"
#include "core/shell_word.h"
#include "models/strategy.h"

namespace transfer {
namespace {

template <typename Predicate>
std::string strategies_where(Predicate holds) {
  std::vector<std::string> names;
  for (const Strategy& strategy : list_strategies()) {
    if (holds(strategy)) names.push_back(strategy.name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string text_of(UsedBy used_by) {
  const auto at_a_stage =
      strategies_where([](const Strategy& strategy) { return strategy.cut == Cut::kAtStage; });
  const auto frozen =
      strategies_where([](const Strategy& strategy) { return strategy.trunk_is_frozen; });
  const auto trained =
      strategies_where([](const Strategy& strategy) { return !strategy.trunk_is_frozen; });
  const std::string on_batches =
      fmt::format("{}; {} with train.optimizer: adamw or sgd", trained, frozen);
  switch (used_by) {
    case UsedBy::kEveryRun: return "every strategy";
    case UsedBy::kStageCut: return at_a_stage;
    case UsedBy::kLbfgs: return frozen + " with train.optimizer: lbfgs";
    case UsedBy::kBatches: return on_batches;
    case UsedBy::kSgd: return "every strategy with train.optimizer: sgd";
    case UsedBy::kStepSchedule: return on_batches + ", where train.schedule is step";
    case UsedBy::kPlateauSchedule: return on_batches + ", where train.schedule is plateau";
    case UsedBy::kWarmup: return on_batches + ", where train.schedule is not onecycle";
    case UsedBy::kBestEpoch:
      return fmt::format("{}; {} except with lbfgs and train.patience: 0", trained, frozen);
    case UsedBy::kChangedImages: return fmt::format("{}; {} with augment.views", trained, frozen);
    case UsedBy::kTrainedLayers: return trained;
    case UsedBy::kTeacher: return trained + " with train.teacher";
    case UsedBy::kFrozenStages: return trained + " with train.freeze_stages";
    case UsedBy::kStoredFeatures:
      return fmt::format("{}; {} with train.freeze_stages or head.start: fitted", frozen, trained);
    case UsedBy::kHiddenLayers: return "every strategy with head.hidden";
    case UsedBy::kClassLoss:
      return "every strategy with head.loss: cross_entropy, focal or logit_adjusted";
    case UsedBy::kFocalLoss: return "every strategy with head.loss: focal";
    case UsedBy::kLogitAdjustedLoss: return "every strategy with head.loss: logit_adjusted";
    case UsedBy::kLabelLoss: return "every strategy with head.loss: binary_cross_entropy";
    case UsedBy::kHuberLoss: return "every strategy with head.loss: huber";
  }
  throw std::logic_error("not a kind of run");
}

/// The configuration that each preset makes of the defaults.
class Presets {
 public:
  Presets() {
    for (const std::string& name : list_presets()) {
      ConfigSources sources;
      sources.preset = name;
      configs_.emplace_back(name, resolve_config(sources, strategy_choices()));
    }
  }

  std::vector<std::pair<std::string, std::string>> values_of(const KeyDescription& key) {
    std::vector<std::pair<std::string, std::string>> values;
    if (key.key == "strategy") return values;  // a preset is named by its strategy
    for (auto& [name, config] : configs_) {
      const auto fields = fields_of(config);
      const std::string value = field_text(field_of(fields, key.key));
      if (value != key.default_value) values.emplace_back(name, value);
    }
    return values;
  }

 private:
  std::vector<std::pair<std::string, Config>> configs_;
};

/// `train: {lr: 0.01}`
std::string as_yaml(const KeyDescription& key) {
  std::string text;
  std::string path = key.key;
  for (bool is_last = true; !path.empty(); is_last = false) {
    const auto dot = path.rfind('.');
    const std::string name = dot == std::string::npos ? path : path.substr(dot + 1);
    if (is_last) {
      text = fmt::format("{}: {}", name, key.example);
    } else if (name == "jobs") {
      text = fmt::format("{}: [{{{}}}]", name, text);
    } else {
      text = fmt::format("{}: {{{}}}", name, text);
    }
    path = dot == std::string::npos ? "" : path.substr(0, dot);
  }
  return text;
}

/// `--set train.lr=0.01`
std::string as_flag(const KeyDescription& key) {
  return "--set " + shell_word(key.key + "=" + key.example);
}

std::string group_of(const std::string& key) {
  const auto dot = key.find('.');
  return dot == std::string::npos ? "general" : key.substr(0, dot);
}

ReferenceGroup group_of_file(std::string name, std::string title,
                             const std::vector<KeyDescription>& keys) {
  ReferenceGroup group{std::move(name), std::move(title), {}};
  for (const KeyDescription& key : keys) group.keys.push_back({key, "", {}, "", as_yaml(key)});
  return group;
}

/// The groups of the configuration's own keys.
std::vector<ReferenceGroup> groups_of_a_run() {
  return {
      {"general", "The run as a whole", {}},
      {"data", "The images and how they are divided", {}},
      {"input", "The images that a backbone without transfer.json was trained on", {}},
      {"head", "The new last layers", {}},
      {"augment", "Random changes to training images", {}},
      {"train", "How the weights are fitted", {}},
      {"cache", "How features are stored", {}},
      {"compute", "How a GPU computes", {}},
      {"report", "What a run leaves for people to look at", {}},
  };
}

/// The groups of a batch file's keys.
std::vector<ReferenceGroup> groups_of_a_batch_file() {
  return {
      group_of_file("batch", "A batch file (transfer batch FILE)", describe_batch_keys()),
      group_of_file("slurm", "A batch file's section for --launcher slurm", describe_slurm_keys())};
}

}  // namespace

std::vector<std::string> reference_group_names() {
  std::vector<std::string> names;
  for (const ReferenceGroup& group : groups_of_a_run()) names.push_back(group.name);
  for (const ReferenceGroup& group : groups_of_a_batch_file()) names.push_back(group.name);
  return names;
}

std::string title_of_group(const std::string& name) {
  for (const ReferenceGroup& group : groups_of_a_run()) {
    if (group.name == name) return group.title;
  }
  throw std::logic_error("no group is called " + name);
}

std::vector<ReferenceGroup> configuration_reference() {
  std::vector<ReferenceGroup> groups = groups_of_a_run();
  Presets presets;
  for (const KeyDescription& key : describe_config_keys()) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const ReferenceGroup& one) {
      return one.name == group_of(key.key);
    });
    if (group == groups.end()) throw std::logic_error("no group is called " + group_of(key.key));
    group->keys.push_back(
        {key, text_of(key.used_by), presets.values_of(key), as_flag(key), as_yaml(key)});
  }
  for (ReferenceGroup& group : groups_of_a_batch_file()) groups.push_back(std::move(group));
  return groups;
}

}  // namespace transfer
