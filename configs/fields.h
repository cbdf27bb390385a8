#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "configs/config.h"
#include "core/enum_names.h"

namespace YAML {
class Node;
}

namespace transfer {

/// A member of the configuration whose type is an enum with names, or such an enum where empty
/// means `auto`.
class ChoiceTarget {
 public:
  template <NamedEnum Enum>
  ChoiceTarget(Enum* member)  // NOLINT: implicit, so that rows of the table read `&config.member`
      : names_(all_names<Enum>()),
        text_([member] { return std::string(name_of(*member)); }),
        assign_([member](const std::string& name) { *member = *parse_name<Enum>(name); }) {}
  template <NamedEnum Enum>
  ChoiceTarget(std::optional<Enum>* member)  // NOLINT: implicit, as above
      : names_(all_names<Enum>()),
        text_([member] { return *member ? std::string(name_of(**member)) : "auto"; }),
        assign_([member](const std::string& name) { *member = parse_name<Enum>(name); }) {
    names_.insert(names_.begin(), "auto");
  }

  /// The names that can be chosen.
  const std::vector<std::string>& names() const { return names_; }
  /// The name of the member's value.
  std::string text() const { return text_(); }
  /// Sets the member. REQUIRES: one of names().
  void assign(const std::string& name) const { assign_(name); }

 private:
  std::vector<std::string> names_;
  std::function<std::string()> text_;
  std::function<void(const std::string&)> assign_;
};

/// Smallest and largest number allowed: both ends of a range, every number of a list.
struct Limits {
  double minimum;
  double maximum;
};
constexpr Limits between(double minimum, double maximum) { return {minimum, maximum}; }
/// For keys that are not numbers.
inline constexpr Limits kNoLimits = {-std::numeric_limits<double>::infinity(),
                                     std::numeric_limits<double>::infinity()};

/// What a key has an effect on.
enum class Effect {
  kResult,        ///< what is learned; part of a batch job's hash
  kImage,         ///< what becomes of a single augmented image, and so of its stored features;
                  ///< `augment.preset` fills these keys
  kPlaceOrSpeed,  ///< only where a run writes and how fast it is; not part of a job's hash
};

/// The runs in which a key has an effect.
enum class UsedBy {
  kEveryRun,
  kStageCut,         ///< the strategy cuts the network at a stage
  kLbfgs,            ///< a head is fitted to stored features by L-BFGS
  kBatches,          ///< training steps over batches: layers train, or a head by sgd or adamw
  kSgd,              ///< likewise, by sgd
  kStepSchedule,     ///< likewise, with the schedule step
  kPlateauSchedule,  ///< likewise, with the schedule plateau
  kWarmup,           ///< likewise, with a schedule that has no warm-up of its own
  kBestEpoch,        ///< the epoch of the best validation loss is kept: not by L-BFGS that runs to
                     ///< its optimum
  kChangedImages,    ///< training images are changed at random: layers train, or there are views
  kTrainedLayers,    ///< layers of the backbone train
  kTeacher,          ///< likewise, and they have a teacher
  kFrozenStages,    ///< layers train behind stages that never do and see the same images each epoch
  kStoredFeatures,  ///< features are stored: of a frozen trunk or of frozen stages, or for a start
                    ///< from a fitted head
  kHiddenLayers,    ///< the head has hidden layers
  kClassLoss,       ///< the loss is for one class per image
  kFocalLoss,       ///< the loss is the focal one
  kLogitAdjustedLoss,  ///< the loss is the logit-adjusted one
  kLabelLoss,          ///< the loss is for any number of labels per image
  kHuberLoss,          ///< the loss is Huber's
};

/// One key of the configuration: a row of the table in configs/fields_*.cpp. No column may be left
/// out but the last. Its default is what a default-constructed Config holds.
struct Field {
  using Target =
      std::variant<std::string*, std::int64_t*, double*, bool*, std::optional<std::int64_t>*,
                   std::optional<double>*, Range*, std::optional<Range>*, std::vector<std::string>*,
                   std::vector<std::int64_t>*, std::vector<double>*, ImageSize*, Duration*,
                   ChoiceTarget>;

  Field(std::string name, Target member, Limits allowed, std::string measure, Effect effects,
        UsedBy users, std::string text, std::string value = "")
      : key(std::move(name)),
        target(std::move(member)),
        limits(allowed),
        unit(std::move(measure)),
        effect(effects),
        used_by(users),
        description(std::move(text)),
        example(std::move(value)) {}

  /// Such as `train.lr`.
  std::string key;
  /// The member that it sets.
  Target target;
  Limits limits;
  /// In the plural, such as `pixels`; `none` for texts, choices and plain numbers.
  std::string unit;
  Effect effect;
  UsedBy used_by;
  /// For users: what it does and what special values mean, one line of plain English.
  std::string description;
  /// A value other than the default that is often wanted, as YAML; empty where any would do.
  std::string example;
  /// A key that must not be 0 for this one to have an effect; empty for most.
  std::string needs = {};
};

/// Every key there is, pointing into `config`, which must outlive the fields.
std::vector<Field> fields_of(Config& config);

/// The field of that key. REQUIRES: there is one.
const Field& field_of(const std::vector<Field>& fields, const std::string& key);

/// Sets the field from a YAML value. `where` names the place for messages ("run.yaml:7",
/// "--set"). Throws ConfigError for a wrong type, a number out of range or an unknown choice.
void set_field(const Field& field, const YAML::Node& value, const std::string& where);

/// The field's value as YAML text.
std::string field_text(const Field& field);

/// The names that the field's value can be chosen from; empty for other fields.
std::vector<std::string> choices_of(const Field& field);

/// What a value of the field looks like, such as "a whole number from 1 to 256".
std::string expected_value(const Field& field);

/// Copies to `to` the settings of `from` for which `is_wanted` holds.
void copy_settings(const Config& from, Config& to,
                   const std::function<bool(const Field&)>& is_wanted);

/// The augmentation of that name.
AugmentConfig augment_preset(AugmentPreset preset);

}  // namespace transfer
