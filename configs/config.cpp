#include "configs/config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>

#include "configs/exclusions.h"
#include "configs/fields.h"
#include "configs/key_flags.h"
#include "configs/strategy_kind.h"
#include "configs/working_directory.h"
#include "configs/yaml_settings.h"
#include "core/errors.h"
#include "core/folder_entries.h"
#include "core/install_paths.h"
#include "core/nearest_name.h"
#include "core/test_time_views.h"
#include "core/trust.h"

namespace transfer {
namespace {

std::filesystem::path preset_file(const std::string& name) {
  const auto presets = list_presets();
  if (std::find(presets.begin(), presets.end(), name) == presets.end()) {
    throw ConfigError(
        fmt::format("--preset {}: unknown preset{}", name, suggestion(name, presets)));
  }
  return presets_folder() / (name + ".yaml");
}

constexpr std::string_view kAugmentPreset = "augment.preset";
/// The strategy of the backbone `flatten`, whatever the user asked for: pixels are features that
/// never change.
constexpr std::string_view kFlattenStrategy = name_of(StrategyKind::kFreezeConv);

using Layer = std::vector<Setting>;

Layer read_placed(const std::vector<PlacedSetting>& placed) {
  Layer layer;
  for (const auto& setting : placed) {
    layer.push_back({setting.key, YAML::Load(setting.value), setting.where});
  }
  return layer;
}

const Setting* find_augment_preset(const Layer& layer) {
  const auto found = std::find_if(layer.begin(), layer.end(), [](const Setting& setting) {
    return setting.key == kAugmentPreset;
  });
  return found == layer.end() ? nullptr : &*found;
}

/// Fills the fields that change a single image from their preset.
void fill_augment(Config& config) {
  Config filled;
  filled.augment = augment_preset(config.augment.preset);
  copy_settings(filled, config, [](const Field& field) { return field.effect == Effect::kImage; });
}

/// Whether `setting` only repeats the augment preset of its own layer, as most lines of a run's
/// config.yaml do.
bool repeats_preset(const Layer& layer, const Setting& setting) {
  const Setting* preset = find_augment_preset(layer);
  if (preset == nullptr || !setting.key.starts_with("augment.")) return false;
  Config filled;
  const auto fields = fields_of(filled);
  const Field& field = field_of(fields, setting.key);
  if (field.effect != Effect::kImage) return false;
  set_field(field_of(fields, preset->key), preset->value, preset->where);
  fill_augment(filled);
  const std::string expected = field_text(field);
  set_field(field, setting.value, setting.where);
  return field_text(field) == expected;
}

/// Applies layers, the weakest first. The strongest `augment.preset` fills the augment fields
/// before anything else, so that every field given explicitly wins over it, in whichever layer. A
/// field that repeats the preset of its own layer yields to a stronger layer's preset. `origins`
/// gets the place of each setting.
void apply_layers(Config& config, const std::vector<Layer>& layers, KeyOrigins& origins) {
  const auto fields = fields_of(config);
  const Layer* strongest = nullptr;
  for (const Layer& layer : layers) {
    const Setting* preset = find_augment_preset(layer);
    if (preset == nullptr) continue;
    set_field(field_of(fields, preset->key), preset->value, preset->where);
    origins[preset->key] = preset->where;
    strongest = &layer;
  }
  if (strongest != nullptr) fill_augment(config);
  for (const Layer& layer : layers) {
    for (const Setting& setting : layer) {
      if (setting.key == kAugmentPreset) continue;
      if (&layer != strongest && repeats_preset(layer, setting)) continue;
      set_field(field_of(fields, setting.key), setting.value, setting.where);
      origins[setting.key] = setting.where;
    }
  }
}

/// Applies a file under presets/.
void apply_preset(Config& config, const std::string& name, KeyOrigins& origins) {
  KeyOrigins in_file;
  apply_layers(config, {read_yaml(preset_file(name), config_keys())}, in_file);
  for (const auto& [key, place] : in_file) origins[key] = "preset " + name;
}

/// Adds the keys that no source gave: those at their default, those that augment.preset fills, and
/// those that follow from other settings.
void complete_origins(Config config, KeyOrigins& origins) {
  Config defaults;
  const auto fields = fields_of(config);
  const auto default_fields = fields_of(defaults);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (origins.contains(fields[i].key)) continue;
    const bool is_default = field_text(fields[i]) == field_text(default_fields[i]);
    origins[fields[i].key] = is_default                           ? "default"
                             : fields[i].effect == Effect::kImage ? std::string(kAugmentPreset)
                                                                  : "other settings";
  }
}

bool gives(const std::vector<Layer>& layers, const std::string& key) {
  return std::any_of(layers.begin(), layers.end(), [&key](const Layer& layer) {
    return std::any_of(layer.begin(), layer.end(),
                       [&key](const Setting& setting) { return setting.key == key; });
  });
}

/// Remembers where the settings of the network's input were given; later layers win.
void note_input_places(Config& config, const std::vector<Layer>& layers) {
  for (const Layer& layer : layers) {
    for (const Setting& setting : layer) {
      if (setting.key.starts_with("input.")) config.input.places[setting.key] = setting.where;
    }
  }
}

constexpr const char* kHiddenLayersPreset = "hidden-layers";
constexpr double kHiddenLayersWeightDecay = 0.01;

/// L-BFGS cannot fit hidden layers: where it would, applies the preset for them, which is weaker
/// than the user's settings.
void prepare_hidden_layers(Config& config, const std::vector<Layer>& layers, KeyOrigins& origins) {
  Config wanted = config;
  KeyOrigins ignored;
  apply_layers(wanted, layers, ignored);
  if (wanted.head.hidden.empty() || config.train.optimizer != Optimizer::kLbfgs) return;
  apply_preset(config, kHiddenLayersPreset, origins);
}

void finish_hidden_layers(Config& config) {
  if (config.head.hidden.empty()) return;
  if (config.train.optimizer == Optimizer::kLbfgs) {
    throw ConfigError(
        "train.optimizer: found 'lbfgs' with hidden layers (head.hidden). It fits softmax "
        "regression, which has one optimum; hidden layers need many small steps over batches. "
        "Expected adamw or sgd; leave train.optimizer out to get adamw.");
  }
  if (!config.head.weight_decay) config.head.weight_decay = kHiddenLayersWeightDecay;
}

/// Whether the configuration asks for what only `auto` can do.
bool chooses_strategy(const Config& config) {
  return config.quality != Quality::kNone || !config.members.empty();
}

void check_strategy(const std::string& strategy, const std::vector<std::string>& strategies) {
  if (std::find(strategies.begin(), strategies.end(), strategy) == strategies.end()) {
    throw ConfigError(fmt::format("strategy: unknown strategy '{}'{}", strategy,
                                  suggestion(strategy, strategies)));
  }
}

}  // namespace

std::string InputConfig::placed(const std::string& key) const {
  const auto place = places.find(key);
  return place == places.end() ? key : fmt::format("{}: {}", place->second, key);
}

bool changes_images(const AugmentConfig& augment) {
  return augment.crop > 0 || augment.flip_horizontal > 0 || augment.flip_vertical > 0 ||
         augment.rotate > 0 || augment.translate > 0 || augment.scale > 0 ||
         augment.brightness > 0 || augment.contrast > 0 || augment.saturation > 0 ||
         augment.hue > 0 || augment.greyscale > 0 || augment.blur > 0 || augment.erase > 0 ||
         augment.randaugment > 0;
}

Config resolve_config(const ConfigSources& sources, const std::vector<std::string>& strategies,
                      KeyOrigins* origins) {
  Config config;
  KeyOrigins found;
  const KnownKeys keys = config_keys();
  std::vector<Layer> layers;
  for (const auto& placed : sources.layers) layers.push_back(read_placed(placed));
  for (const auto& file : sources.files) layers.push_back(read_config_file(file));
  for (const auto& text : sources.settings) layers.push_back({read_assignment(text, keys)});
  for (const auto& [key, value] : sources.flags) {
    layers.push_back({{key, YAML::Node(value), flag_of_key(key).value_or("--set")}});
  }

  std::string preset = sources.preset;
  if (preset.empty()) {
    Config scratch;
    KeyOrigins ignored;
    apply_layers(scratch, layers, ignored);
    check_strategy(scratch.strategy, strategies);
    if (chooses_strategy(scratch) && !gives(layers, "strategy")) {
      layers.insert(layers.begin(), {{"strategy", YAML::Node("auto"), "quality"}});
      scratch.strategy = "auto";
    }
    preset =
        scratch.backbone == kFlattenBackbone ? std::string(kFlattenStrategy) : scratch.strategy;
  }
  apply_preset(config, preset, found);
  prepare_hidden_layers(config, layers, found);
  apply_layers(config, layers, found);
  note_input_places(config, layers);
  check_strategy(config.strategy, strategies);
  parse_trust(config.trust, /*file=*/{});  // throws
  parse_test_time_views(config.train.tta, "train.tta");
  if (config.backbone == kFlattenBackbone && config.strategy != kFlattenStrategy) {
    config.strategy = kFlattenStrategy;
    found["strategy"] = "backbone flatten";
  }
  finish_hidden_layers(config);
  // A preset's recipe for cross-entropy is not what the user asked for.
  if (objective_of(config).loss != LossKind::kCrossEntropy &&
      !gives(layers, "head.label_smoothing")) {
    config.head.label_smoothing = 0;
    found["head.label_smoothing"] = "other settings";
  }
  refuse_exclusive_settings(config);
  // Views of images that nothing changes would be plain copies.
  if (config.augment.views > 0 && !changes_images(config.augment)) {
    config.augment.preset = AugmentPreset::kStandard;
    fill_augment(config);
    found[std::string(kAugmentPreset)] = "other settings";
  }
  if (origins != nullptr) {
    complete_origins(config, found);
    *origins = std::move(found);
  }
  return config;
}

Objective objective_of(const Config& config) {
  Objective objective;
  objective.huber_delta = config.head.huber_delta;
  objective.focal_gamma = config.head.focal_gamma;
  objective.logit_adjustment = config.head.logit_adjustment;
  const LossKind usual =
      config.task == Task::kRegression ? LossKind::kMeanSquaredError : LossKind::kCrossEntropy;
  objective.loss = config.head.loss.value_or(usual);
  return objective;
}

std::string to_yaml(const Config& config) {
  Config copy = config;
  std::ostringstream text;
  std::string group;
  for (const Field& field : fields_of(copy)) {
    const auto dot = field.key.find('.');
    if (dot == std::string::npos) {
      text << field.key << ": " << field_text(field) << '\n';
      continue;
    }
    if (field.key.substr(0, dot) != group) {
      group = field.key.substr(0, dot);
      text << group << ":\n";
    }
    text << "  " << field.key.substr(dot + 1) << ": " << field_text(field) << '\n';
  }
  return text.str();
}

std::vector<std::string> list_presets() {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& file : folder_entries(presets_folder(), ignored)) {
    if (file.extension() == ".yaml") names.push_back(file.stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace transfer
