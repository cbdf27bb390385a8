#include "models/metadata.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "core/errors.h"
#include "core/nearest_name.h"

namespace transfer {
namespace {

using nlohmann::json;

/// The value that a field names. `prefix` is the path of the object, for the message.
template <NamedEnum Enum>
Enum parse_choice(const json& object, const std::string& prefix, const std::string& field) {
  const auto name = object.at(field).get<std::string>();
  const auto value = parse_name<Enum>(name);
  if (!value) {
    throw std::invalid_argument(fmt::format("{}{} is '{}', expected one of {}", prefix, field, name,
                                            fmt::join(all_names<Enum>(), ", ")));
  }
  return *value;
}

/// A whole number of at most 53 bits, in which JSON's numbers are exact; the library would convert
/// others to anything. `field` is for the message.
std::int64_t whole_number(const json& value, const std::string& field) {
  constexpr double kLargest = 9007199254740992;
  const double number = value.is_number() ? value.get<double>() : kLargest;
  if (std::abs(number) >= kLargest || std::floor(number) != number) {
    throw std::invalid_argument(field + " is not a whole number");
  }
  return static_cast<std::int64_t>(number);
}

/// Names of what a network reads in `preprocessing.channels`.
constexpr std::string_view kGreyChannel = "gray";
constexpr std::string_view kBands = "bands";

/// Refuses keys that nothing reads: a misspelt one would leave its default in force.
void require_known_keys(const json& object, const std::string& prefix,
                        const std::vector<std::string>& known) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    throw std::invalid_argument(
        fmt::format("unknown key '{}{}'{}", prefix, key, suggestion(key, known)));
  }
}

void parse_channels(const json& object, Preprocessing& p) {
  const auto channels = object.at("channels").get<std::string>();
  p.mean = object.at("mean").get<std::vector<float>>();
  p.std = object.at("std").get<std::vector<float>>();
  const auto order = parse_name<ChannelOrder>(channels);
  if (!order && channels != kGreyChannel && channels != kBands) {
    throw std::invalid_argument("preprocessing.channels is '" + channels +
                                "', expected one of rgb, bgr, gray, bands");
  }
  p.order = order.value_or(ChannelOrder::kRgb);
  p.channels = order ? 3 : channels == kBands ? static_cast<int>(p.mean.size()) : 1;
  const auto count = static_cast<std::size_t>(p.channels);
  if (count == 0 || p.mean.size() != count || p.std.size() != count) {
    throw std::invalid_argument("preprocessing.mean and std need one number per channel");
  }
  const bool are_finite =
      std::ranges::all_of(p.mean, [](float mean) { return std::isfinite(mean); });
  const bool can_divide =
      std::ranges::all_of(p.std, [](float std) { return std::isfinite(std) && std > 0; });
  if (!are_finite || !can_divide) {
    throw std::invalid_argument("preprocessing.mean and std need finite numbers, std above 0");
  }
}

/// The largest side to which images are resized before the crop.
constexpr std::int64_t kLargestResize = 16384;

bool sizes_are_sound(const Preprocessing& p) {
  if (p.height < 1 || p.width < 1 || p.height > 8192 || p.width > 8192) return false;
  switch (p.resize_rule) {
    case ResizeRule::kStretch:
    case ResizeRule::kPad: return true;
    case ResizeRule::kShorterSide:
      return p.resize >= std::max(p.height, p.width) && p.resize <= kLargestResize;
    case ResizeRule::kCover: break;
  }
  if (p.resize > kLargestResize) return false;
  return p.resize >= std::min(p.height, p.width);
}

Preprocessing parse_preprocessing(const json& object) {
  require_known_keys(object, "preprocessing.",
                     {"input_size", "channels", "resize", "resize_rule", "crop", "interpolation",
                      "mean", "std", "scale", "sample_range"});
  if (const auto crop = object.value("crop", "center"); crop != "center") {
    throw std::invalid_argument("preprocessing.crop is '" + crop + "', expected center");
  }
  Preprocessing p;
  const json& size = object.at("input_size");
  p.height = whole_number(size.at(0), "preprocessing.input_size");
  p.width = whole_number(size.at(1), "preprocessing.input_size");
  parse_channels(object, p);
  p.resize_rule = parse_choice<ResizeRule>(object, "preprocessing.", "resize_rule");
  p.resize = whole_number(object.at("resize"), "preprocessing.resize");
  p.interpolation = parse_choice<Interpolation>(object, "preprocessing.", "interpolation");
  if (object.contains("scale")) {
    p.scale = parse_choice<PixelScale>(object, "preprocessing.", "scale");
  }
  if (object.contains("sample_range")) {
    const auto range = object.at("sample_range").get<std::array<double, 2>>();
    if (!(range[0] < range[1])) {
      throw std::invalid_argument("preprocessing.sample_range is no range from black to white");
    }
    p.sample_range = {range[0], range[1]};
  }
  if (!sizes_are_sound(p)) {
    throw std::invalid_argument("preprocessing.input_size and resize do not fit each other");
  }
  return p;
}

/// Whether programs that read versions 1 and 2 alone would prepare images otherwise, or not at all.
bool needs_version_3(const Preprocessing& p) {
  return !reads_colours(p) || p.order != ChannelOrder::kRgb || p.scale != PixelScale::kOne ||
         p.sample_range.has_value() || p.resize_rule == ResizeRule::kPad ||
         p.resize_rule == ResizeRule::kCover;
}

json preprocessing_json(const Preprocessing& p) {
  const std::string_view channels = p.channels == 1   ? kGreyChannel
                                    : p.channels == 3 ? name_of(p.order)
                                                      : kBands;
  json object = {{"input_size", {p.height, p.width}},
                 {"channels", channels},
                 {"resize", p.resize},
                 {"resize_rule", name_of(p.resize_rule)},
                 {"crop", "center"},
                 {"interpolation", name_of(p.interpolation)},
                 {"mean", p.mean},
                 {"std", p.std}};
  if (p.scale != PixelScale::kOne) object["scale"] = name_of(p.scale);
  if (p.sample_range) object["sample_range"] = {p.sample_range->black, p.sample_range->white};
  return object;
}

Objective parse_objective(const json& object) {
  Objective objective;
  const auto name = object.value("loss", std::string(name_of(objective.loss)));
  const auto loss = parse_name<LossKind>(name);
  if (!loss) throw std::invalid_argument("loss is '" + name + "'");
  objective.loss = *loss;
  objective.huber_delta = object.value("huber_delta", objective.huber_delta);
  if (!std::isfinite(objective.huber_delta) || objective.huber_delta <= 0) {
    throw std::invalid_argument("huber_delta is not a number above 0");
  }
  const auto number = [&object](const char* key, double usual, double most) {
    const double value = object.value(key, usual);
    if (value >= 0 && value <= most) return value;
    throw std::invalid_argument(fmt::format("{} is not a number from 0 to {}", key, most));
  };
  objective.focal_gamma = number("focal_gamma", objective.focal_gamma, 20);
  objective.logit_adjustment = number("logit_adjustment", objective.logit_adjustment, 10);
  return objective;
}

void add_objective(json& object, const Objective& objective) {
  object["task"] = name_of(objective.task());
  object["loss"] = name_of(objective.loss);
  if (objective.loss == LossKind::kHuber) object["huber_delta"] = objective.huber_delta;
  if (objective.loss == LossKind::kFocal) object["focal_gamma"] = objective.focal_gamma;
  if (objective.loss == LossKind::kLogitAdjusted) {
    object["logit_adjustment"] = objective.logit_adjustment;
  }
  if (!objective.label_thresholds.empty()) {
    object["label_thresholds"] = objective.label_thresholds;
  }
}

bool needs_version_5(const Objective& objective) {
  return objective.loss == LossKind::kFocal || objective.loss == LossKind::kLogitAdjusted ||
         !objective.label_thresholds.empty();
}

ConformalScores parse_conformal_scores(const json& object) {
  require_known_keys(object, "calibration.conformal.", {"images", "scores"});
  ConformalScores conformal;
  conformal.images = whole_number(object.at("images"), "calibration.conformal.images");
  conformal.scores = object.at("scores").get<std::vector<double>>();
  const std::vector<double>& scores = conformal.scores;
  const bool are_scores =
      std::ranges::all_of(scores, [](double score) { return score >= 0 && score <= 1; });
  if (!are_scores || !std::ranges::is_sorted(scores)) {
    throw std::invalid_argument("calibration.conformal.scores are not rising numbers from 0 to 1");
  }
  constexpr std::int64_t kMostImages = 1'000'000'000;
  const auto count = static_cast<std::int64_t>(scores.size());
  if (scores.size() > ConformalScores::kMostScores || conformal.images < count ||
      conformal.images > kMostImages || (count == 0 && conformal.images > 0)) {
    throw std::invalid_argument("calibration.conformal.images and scores do not fit each other");
  }
  return conformal;
}

Calibration parse_calibration(const json& object) {
  require_known_keys(object, "calibration.", {"temperature", "conformal"});
  constexpr double kLowest = 1e-3;
  constexpr double kHighest = 1e3;
  Calibration calibration;
  calibration.temperature = object.at("temperature").get<double>();
  if (!(calibration.temperature >= kLowest && calibration.temperature <= kHighest)) {
    throw std::invalid_argument("calibration.temperature is not a number from 0.001 to 1000");
  }
  calibration.conformal = parse_conformal_scores(object.at("conformal"));
  return calibration;
}

json calibration_json(const Calibration& calibration) {
  return {{"temperature", calibration.temperature},
          {"conformal",
           {{"images", calibration.conformal.images}, {"scores", calibration.conformal.scores}}}};
}

/// One threshold for each label, or none at all.
std::vector<float> parse_label_thresholds(const json& object, const ModelMetadata& metadata) {
  if (!object.contains("label_thresholds")) return {};
  if (metadata.objective.targets() != TargetKind::kLabels) {
    throw std::invalid_argument("label_thresholds are for any number of labels per image alone");
  }
  auto thresholds = object.at("label_thresholds").get<std::vector<float>>();
  const bool are_probabilities = std::ranges::all_of(
      thresholds, [](float threshold) { return threshold > 0 && threshold <= 1; });
  if (!are_probabilities || thresholds.size() != metadata.classes.size()) {
    throw std::invalid_argument(
        fmt::format("label_thresholds are not {} numbers above 0 and up to 1, one for each label",
                    metadata.classes.size()));
  }
  return thresholds;
}

/// The names of the classes; a backbone has none.
std::vector<std::string> parse_classes(const json& object) {
  auto classes = object.value("classes", std::vector<std::string>{});
  std::set<std::string_view> names;
  for (const std::string& name : classes) {
    if (name.empty()) throw std::invalid_argument("classes has an empty name");
    if (!names.insert(name).second) throw std::invalid_argument("classes has '" + name + "' twice");
  }
  return classes;
}

/// What nlohmann_json says without "[json.exception.type_error.302] " in front.
std::string without_error_code(const std::string& what) {
  const std::size_t end = what.find("] ");
  return what.starts_with("[json.exception.") && end != std::string::npos ? what.substr(end + 2)
                                                                          : what;
}

}  // namespace

ModelMetadata parse_metadata(const std::string& text, const std::string& file) {
  try {
    const json object = json::parse(text);
    const std::int64_t version = whole_number(object.at("format_version"), "format_version");
    if (version > ModelMetadata::kFormatVersion) {
      throw ModelError(fmt::format(
          "{}: the metadata has format version {}, but this program reads versions up to {}. Use a "
          "newer `transfer`, or export the model again with models/export of this version.",
          file, version, ModelMetadata::kFormatVersion));
    }
    require_known_keys(
        object, "",
        {"format_version", "kind", "name", "source", "source_version", "license", "preprocessing",
         "pretraining_classes", "classes", "stages", "pooled_stages", "weights_sha256",
         "complexity", "task", "loss", "huber_delta", "focal_gamma", "logit_adjustment",
         "label_thresholds", "calibration", "members"});
    ModelMetadata metadata;
    metadata.kind = parse_choice<ModelKind>(object, "", "kind");
    metadata.name = object.at("name").get<std::string>();
    metadata.source = object.value("source", "");
    metadata.source_version = object.value("source_version", "");
    metadata.license = object.value("license", "");
    metadata.preprocessing = parse_preprocessing(object.at("preprocessing"));
    metadata.pretraining_classes = object.value("pretraining_classes", std::vector<std::string>{});
    metadata.classes = parse_classes(object);
    metadata.objective = parse_objective(object);
    metadata.objective.label_thresholds = parse_label_thresholds(object, metadata);
    if (object.contains("calibration")) {
      if (metadata.objective.targets() != TargetKind::kClass) {
        throw std::invalid_argument("calibration is for one class per image alone");
      }
      metadata.calibration = parse_calibration(object.at("calibration"));
    }
    if (object.contains("members")) metadata.members = parse_members(object.at("members"));
    metadata.stages = object.value("stages", std::vector<std::string>{});
    metadata.pooled_stages = object.value("pooled_stages", std::vector<std::string>{});
    metadata.weights_sha256 = object.value("weights_sha256", "");
    return metadata;
  } catch (const ModelError&) {
    throw;
  } catch (const std::exception& error) {
    throw ModelError(fmt::format(
        "{}: the metadata (transfer.json) cannot be used: {}. Export or train the model again.",
        file, without_error_code(error.what())));
  }
}

std::string to_json(const ModelMetadata& m) {
  const bool needs_objective = m.objective.loss != LossKind::kCrossEntropy;
  const bool is_version_5 = !m.pooled_stages.empty() || !m.members.empty() ||
                            needs_version_5(m.objective);
  const int version = is_version_5                       ? 5
                      : m.calibration                    ? 4
                      : needs_version_3(m.preprocessing) ? 3
                      : needs_objective                  ? 2
                                                         : 1;
  json object = {{"format_version", version},
                 {"kind", name_of(m.kind)},
                 {"name", m.name},
                 {"source", m.source},
                 {"source_version", m.source_version},
                 {"license", m.license},
                 {"preprocessing", preprocessing_json(m.preprocessing)},
                 {"pretraining_classes", m.pretraining_classes},
                 {"stages", m.stages},
                 {"weights_sha256", m.weights_sha256}};
  if (!m.pooled_stages.empty()) object["pooled_stages"] = m.pooled_stages;
  if (m.kind == ModelKind::kClassifier) object["classes"] = m.classes;
  if (needs_objective) add_objective(object, m.objective);
  if (m.calibration) object["calibration"] = calibration_json(*m.calibration);
  if (!m.members.empty()) object["members"] = members_json(m.members);
  // A name taken from a file name may not be valid UTF-8; it is repaired rather than refused.
  return object.dump(1, ' ', false, json::error_handler_t::replace);
}

}  // namespace transfer
