#include "configs/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "core/errors.h"
#include "core/nearest_name.h"
#include "core/whole_number.h"

namespace transfer {
namespace {

void add_augment_fields(std::vector<Field>& fields, AugmentConfig& a) {
  const auto probability = [&fields](const char* key, double& target) {
    fields.push_back({std::string("augment.") + key, &target, 0, 1});
  };
  const auto range = [&fields](const char* key, Range& target, double low, double high) {
    fields.push_back({std::string("augment.") + key, &target, low, high});
  };
  fields.push_back({"augment.preset", &a.preset, 0, 0, {"none", "light", "standard", "strong"}});
  fields.push_back({"augment.views", &a.views, 0, 1000});
  probability("crop", a.crop);
  range("crop_area", a.crop_area, 0.01, 1);
  range("crop_ratio", a.crop_ratio, 0.1, 10);
  probability("flip_horizontal", a.flip_horizontal);
  probability("flip_vertical", a.flip_vertical);
  probability("rotate", a.rotate);
  range("rotate_degrees", a.rotate_degrees, -180, 180);
  probability("translate", a.translate);
  range("translate_fraction", a.translate_fraction, -1, 1);
  probability("scale", a.scale);
  range("scale_factor", a.scale_factor, 0.1, 10);
  probability("brightness", a.brightness);
  range("brightness_factor", a.brightness_factor, 0, 10);
  probability("contrast", a.contrast);
  range("contrast_factor", a.contrast_factor, 0, 10);
  probability("saturation", a.saturation);
  range("saturation_factor", a.saturation_factor, 0, 10);
  probability("hue", a.hue);
  range("hue_degrees", a.hue_degrees, -180, 180);
  probability("greyscale", a.greyscale);
  probability("blur", a.blur);
  range("blur_sigma", a.blur_sigma, 0.01, 50);
  probability("erase", a.erase);
  range("erase_area", a.erase_area, 0.001, 1);
  fields.push_back({"augment.randaugment", &a.randaugment, 0, 14});
  fields.push_back({"augment.randaugment_magnitude", &a.randaugment_magnitude, 0, 10});
  fields.push_back({"augment.mixup", &a.mixup, 0, 100});
  fields.push_back({"augment.cutmix", &a.cutmix, 0, 100});
}

/// Optimizer, rates and schedule.
void add_rate_fields(std::vector<Field>& fields, TrainConfig& t) {
  fields.push_back({"train.epochs", &t.epochs, 1, 1e6});
  fields.push_back({"train.iterations", &t.iterations, 1, 1e6});
  fields.push_back({"train.batch_size", &t.batch_size, 1, 1e6});
  fields.push_back({"train.optimizer", &t.optimizer, 0, 0, {"lbfgs", "adamw", "sgd"}});
  fields.push_back({"train.lr", &t.lr, 1e-12, 1e3});
  fields.push_back({"train.scale_lr_by_batch", &t.scale_lr_by_batch});
  fields.push_back({"train.lr_decay", &t.lr_decay, 0.01, 1});
  fields.push_back({"train.head_lr_multiple", &t.head_lr_multiple, 1e-3, 1e4});
  fields.push_back({"train.momentum", &t.momentum, 0, 0.9999});
  fields.push_back({"train.weight_decay", &t.weight_decay, 0, 1e3});
  fields.push_back(
      {"train.schedule", &t.schedule, 0, 0, {"constant", "cosine", "step", "onecycle", "plateau"}});
  fields.push_back({"train.step_epochs", &t.step_epochs, 1, 1e6});
  fields.push_back({"train.step_factor", &t.step_factor, 0, 1});
  fields.push_back({"train.plateau_factor", &t.plateau_factor, 0, 1});
  fields.push_back({"train.plateau_patience", &t.plateau_patience, 1, 1e6});
  fields.push_back({"train.warmup_epochs", &t.warmup_epochs, 0, 1e6});
}

void add_train_fields(std::vector<Field>& fields, TrainConfig& t) {
  add_rate_fields(fields, t);
  fields.push_back({"train.freeze_epochs", &t.freeze_epochs, 0, 1e6});
  fields.push_back({"train.unfreeze_every", &t.unfreeze_every, 0, 1e6});
  fields.push_back({"train.freeze_stages", &t.freeze_stages, 0, 1e6});
  fields.push_back({"train.batch_norm", &t.batch_norm, 0, 0, {"train", "frozen", "folded"}});
  fields.push_back({"train.from_scratch", &t.from_scratch});
  fields.push_back({"train.patience", &t.patience, 0, 1e6});
  fields.push_back({"train.min_delta", &t.min_delta, 0, 1e9});
  fields.push_back({"train.clip_norm", &t.clip_norm, 0, 1e9});
  fields.push_back({"train.accumulate", &t.accumulate, 1, 1e6});
  fields.push_back({"train.replicas", &t.replicas, 1, 256});
  fields.push_back(
      {"train.batch_norm_buffers", &t.batch_norm_buffers, 0, 0, {"rank0", "synchronised"}});
  fields.push_back({"train.bucket_mb", &t.bucket_mb, 1e-3, 1e3});
  fields.push_back({"train.ema", &t.ema, 0, 0.999999});
  fields.push_back(
      {"train.precision", &t.precision, 0, 0, {"float32", "bfloat16", "float16", "auto"}});
  fields.push_back({"train.checkpoint_epochs", &t.checkpoint_epochs, 0, 1e6});
  fields.push_back({"train.checkpoint_minutes", &t.checkpoint_minutes, 0, 1e6});
  fields.push_back({"train.on_nonfinite", &t.on_nonfinite, 0, 0, {"stop", "retry"}});
  fields.push_back({"train.top_k", &t.top_k, 1, 1e6});
}

std::vector<std::string> loss_choices() {
  std::vector<std::string> names = loss_names();
  names.insert(names.begin(), "auto");
  return names;
}

/// What a value of the field must look like, for messages.
std::string expectation(const Field& field) {
  if (!field.choices.empty()) return fmt::format("one of {}", fmt::join(field.choices, ", "));
  struct Describe {
    const Field& field;
    std::string limits() const {
      return fmt::format(" from {} to {}", field.minimum, field.maximum);
    }
    std::string operator()(std::string*) const { return "a text"; }
    std::string operator()(std::int64_t*) const { return "a whole number" + limits(); }
    std::string operator()(double*) const { return "a number" + limits(); }
    std::string operator()(bool*) const { return "true or false"; }
    std::string operator()(std::optional<std::int64_t>*) const {
      return "auto or a whole number" + limits();
    }
    std::string operator()(std::optional<double>*) const { return "auto or a number" + limits(); }
    std::string operator()(Range*) const {
      return "two numbers [smallest, largest], each" + limits();
    }
    std::string operator()(std::vector<std::string>*) const { return "a list of texts"; }
    std::string operator()(std::vector<std::int64_t>*) const {
      return "a list such as [512, 256] of whole numbers, each" + limits();
    }
  };
  return std::visit(Describe{field}, field.target);
}

std::string shown(const YAML::Node& value) {
  if (value.IsScalar()) return "'" + value.Scalar() + "'";
  if (value.IsSequence()) return "a list";
  return value.IsMap() ? "a group of keys" : "nothing";
}

[[noreturn]] void refuse(const Field& field, const YAML::Node& value, const std::string& where) {
  std::string hint;
  if (!field.choices.empty() && value.IsScalar()) {
    const std::string nearest = nearest_name(value.Scalar(), field.choices);
    if (!nearest.empty()) hint = fmt::format("; did you mean '{}'?", nearest);
  }
  throw ConfigError(fmt::format("{}: {}: found {}, expected {}{}", where, field.key, shown(value),
                                expectation(field), hint));
}

/// Writes a YAML value into the member a field points to; false when it does not fit.
struct Assign {
  const Field& field;
  const YAML::Node& value;

  bool in_limits(double number) const { return number >= field.minimum && number <= field.maximum; }
  bool operator()(std::string* target) const {
    if (!value.IsScalar()) return false;
    *target = value.Scalar();
    return field.choices.empty() ||
           std::find(field.choices.begin(), field.choices.end(), *target) != field.choices.end();
  }
  bool operator()(std::int64_t* target) const {
    const auto number = value.IsScalar() ? parse_whole_number(value.Scalar()) : std::nullopt;
    if (!number || !in_limits(static_cast<double>(*number))) return false;
    *target = *number;
    return true;
  }
  bool operator()(double* target) const {
    return value.IsScalar() && YAML::convert<double>::decode(value, *target) && in_limits(*target);
  }
  bool operator()(bool* target) const {
    return value.IsScalar() && YAML::convert<bool>::decode(value, *target);
  }
  bool operator()(std::optional<std::int64_t>* target) const { return assign_or_auto(target); }
  bool operator()(std::optional<double>* target) const { return assign_or_auto(target); }
  template <typename Number>
  bool assign_or_auto(std::optional<Number>* target) const {
    if (value.IsScalar() && value.Scalar() == "auto") {
      target->reset();
      return true;
    }
    Number number = 0;
    if (!(*this)(&number)) return false;
    *target = number;
    return true;
  }
  bool operator()(Range* target) const {
    if (!value.IsSequence() || value.size() != 2) return false;
    for (std::size_t i = 0; i < 2; ++i) {
      if (!value[i].IsScalar() || !YAML::convert<double>::decode(value[i], (*target)[i]) ||
          !in_limits((*target)[i])) {
        return false;
      }
    }
    return (*target)[0] <= (*target)[1];
  }
  /// A single text is a list of one.
  bool operator()(std::vector<std::string>* target) const {
    target->clear();
    if (value.IsScalar() && !value.Scalar().empty()) target->push_back(value.Scalar());
    if (value.IsScalar()) return true;
    if (!value.IsSequence()) return false;
    for (const auto& entry : value) {
      if (!entry.IsScalar()) return false;
      target->push_back(entry.Scalar());
    }
    return true;
  }
  bool operator()(std::vector<std::int64_t>* target) const {
    if (!value.IsSequence()) return false;
    target->assign(value.size(), 0);
    for (std::size_t i = 0; i < target->size(); ++i) {
      const auto number =
          value[i].IsScalar() ? parse_whole_number(value[i].Scalar()) : std::nullopt;
      if (!number || !in_limits(static_cast<double>(*number))) return false;
      (*target)[i] = *number;
    }
    return true;
  }
};

struct Print {
  std::string operator()(const std::string* value) const {
    YAML::Emitter emitter;
    if (value->empty()) return "\"\"";
    emitter << *value;
    return emitter.c_str();
  }
  std::string operator()(const std::int64_t* value) const { return fmt::format("{}", *value); }
  std::string operator()(const double* value) const { return fmt::format("{}", *value); }
  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const std::optional<std::int64_t>* value) const {
    return *value ? fmt::format("{}", **value) : "auto";
  }
  std::string operator()(const std::optional<double>* value) const {
    return *value ? fmt::format("{}", **value) : "auto";
  }
  std::string operator()(const Range* value) const {
    return fmt::format("[{}, {}]", (*value)[0], (*value)[1]);
  }
  std::string operator()(const std::vector<std::string>* value) const {
    YAML::Emitter emitter;
    emitter << YAML::Flow << *value;
    return emitter.c_str();
  }
  std::string operator()(const std::vector<std::int64_t>* value) const {
    return fmt::format("[{}]", fmt::join(*value, ", "));
  }
};

}  // namespace

std::vector<Field> fields_of(Config& c) {
  std::vector<Field> fields = {
      {"strategy", &c.strategy},
      {"task", &c.task, 0, 0, {"classification", "regression"}},
      {"backbone", &c.backbone},
      {"cut", &c.cut},
      {"seed", &c.seed, 0, 9007199254740992.0},
      {"device", &c.device},
      {"threads", &c.threads, 0, 4096},
      {"out", &c.out},
      {"overwrite", &c.overwrite},
      {"data.path", &c.data.path},
      {"data.targets", &c.data.targets},
      {"data.val_fraction", &c.data.val_fraction, 0.01, 0.9},
      {"data.test_fraction", &c.data.test_fraction, 0, 0.9},
      {"data.folds", &c.data.folds, 0, 1000},
      {"data.fold", &c.data.fold, 1, 1000},
      {"data.max_per_class", &c.data.max_per_class, 0, 1e12},
      {"data.max_broken", &c.data.max_broken, 0, 1},
      {"data.workers", &c.data.workers, 0, 1024},
      {"data.input_size", &c.data.input_size, 0, 8192},
      {"data.sampler", &c.data.sampler, 0, 0, {"shuffle", "balanced"}},
      {"head.loss", &c.head.loss, 0, 0, loss_choices()},
      {"head.huber_delta", &c.head.huber_delta, 1e-9, 1e9},
      {"head.hidden", &c.head.hidden, 1, 65536},
      {"head.activation", &c.head.activation, 0, 0, {"relu", "sigmoid", "tanh"}},
      {"head.dropout", &c.head.dropout, 0, 0.99},
      {"head.start", &c.head.start, 0, 0, {"random", "fitted"}},
      {"head.weight_decay", &c.head.weight_decay, 0, 1e6},
      {"head.label_smoothing", &c.head.label_smoothing, 0, 0.99},
      {"head.class_weights", &c.head.class_weights, 0, 0, {"none", "auto"}},
  };
  add_augment_fields(fields, c.augment);
  add_train_fields(fields, c.train);
  fields.push_back({"cache.activations", &c.cache.activations});
  fields.push_back({"cache.precision", &c.cache.precision, 0, 0, {"auto", "float32", "float16"}});
  fields.push_back({"cache.memory_mb", &c.cache.memory_mb, 0, 1e9});
  fields.push_back({"cache.share", &c.cache.share});
  fields.push_back({"cache.dir", &c.cache.dir});
  return fields;
}

void set_field(const Field& field, const YAML::Node& value, const std::string& where) {
  if (!std::visit(Assign{field, value}, field.target)) refuse(field, value, where);
}

std::string field_text(const Field& field) { return std::visit(Print{}, field.target); }

}  // namespace transfer
