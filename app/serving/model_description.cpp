#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "app/serving/served_model.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/run_files.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

ordered_json preprocessing_object(const Preprocessing& p) {
  ordered_json object = {{"height", p.height},
                         {"width", p.width},
                         {"channels", p.channels},
                         {"resize_rule", name_of(p.resize_rule)},
                         {"interpolation", name_of(p.interpolation)},
                         {"pixel_scale", name_of(p.scale)},
                         {"mean", p.mean},
                         {"std", p.std}};
  if (p.channels == 3) object["order"] = name_of(p.order);
  const bool is_resized =
      p.resize_rule == ResizeRule::kShorterSide || p.resize_rule == ResizeRule::kCover;
  if (is_resized) object["resize"] = p.resize;
  return object;
}

/// The plain numbers among a split's metrics: tables of classes and matrices stay in the run.
ordered_json plain_numbers(const nlohmann::json& metrics) {
  ordered_json numbers = ordered_json::object();
  for (const auto& [key, value] : metrics.items()) {
    if (value.is_number()) numbers[key] = value;
  }
  return numbers;
}

/// Metrics by split, from the summary of the run that the model lies in; null where there is none.
ordered_json run_metrics(const ModelSource& source) {
  const auto summary = source.file.parent_path() / run_file::kSummary;
  if (source.file.filename() != run_file::kModel || !is_file(summary)) return nullptr;
  try {
    const auto read = nlohmann::json::parse(read_file(summary), nullptr, false);
    if (!read.is_object()) return nullptr;
    ordered_json metrics = ordered_json::object();
    for (const char* split : {"val", "test"}) {
      if (read.contains(split) && read[split].is_object()) {
        metrics[split] = plain_numbers(read[split]);
      }
    }
    return metrics;
  } catch (const Error&) {
    return nullptr;  // it may be replaced just now
  }
}

const char* kind_of_targets(TargetKind kind) {
  switch (kind) {
    case TargetKind::kClass: return "class";
    case TargetKind::kLabels: return "labels";
    case TargetKind::kValues: break;
  }
  return "numbers";
}

}  // namespace

ordered_json describe(const ServedModel& model) {
  const ModelMetadata& metadata = model.metadata();
  ordered_json object = {
      {"name", model.source().name},
      {"file", model.source().file.filename().string()},
      {"sha256", model.sha256()},
      {"backbone", metadata.name},
      {"license", metadata.license},
      {"task", name_of(metadata.objective.task())},
      {"predicts", kind_of_targets(metadata.objective.targets())},
      {"classes", metadata.classes},
      {"preprocessing", preprocessing_object(metadata.preprocessing)},
      {"tells_unknown_images", model.tells_unknown()},
      {"explains", model.why_unexplained().empty()},
      {"metrics", run_metrics(model.source())},
  };
  if (metadata.calibration) object["temperature"] = metadata.calibration->temperature;
  return object;
}

}  // namespace transfer
