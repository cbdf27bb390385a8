#include "app/report/prediction_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "core/csv.h"
#include "core/json_text.h"
#include "core/visible_text.h"

namespace transfer {
namespace {

constexpr std::string_view kErrorMark = ": error: ";

std::string csv_line(const std::string& path, const PredictionCells& cells,
                     const std::string& error) {
  std::vector<std::string> fields = {csv_field(path)};
  for (const auto& cell : cells.left) fields.push_back(csv_field(cell));
  fields.push_back(csv_field(error));
  for (const auto& cell : cells.right) fields.push_back(csv_field(cell));
  return fmt::format("{}\n", fmt::join(fields, ","));
}

nlohmann::ordered_json object_of(const Prediction& prediction, const PredictionFormat& format) {
  nlohmann::ordered_json object = {{"path", prediction.path}};
  if (prediction.numbers.empty()) {
    object["error"] = prediction.error;
  } else {
    format.add_json(object, prediction);
  }
  return object;
}

/// An object as an element of an indented array, without the comma behind it.
std::string json_element(const nlohmann::ordered_json& object) {
  std::string element;
  for (const char character : "  " + json_text(object)) {
    element += character;
    if (character == '\n') element += "  ";
  }
  element.resize(element.size() - 3);  // the last line break and what was put behind it
  return element;
}

/// A reason that begins with the image's path, without it.
std::string without_path(const std::string& reason, const std::string& path) {
  return reason.starts_with(path + ": ") ? reason.substr(path.size() + 2) : reason;
}

std::string text_row(const Prediction& prediction, const PredictionFormat& format) {
  const std::string path = visible(prediction.path);
  if (!prediction.numbers.empty()) {
    return fmt::format("{}:{}\n", path, visible(format.text(prediction)));
  }
  return fmt::format("{}{}{}\n", path, kErrorMark,
                     visible(without_path(prediction.error, prediction.path)));
}

}  // namespace

std::string PredictionText::csv_row(const Prediction& prediction) const {
  if (!prediction.numbers.empty()) {
    return csv_line(prediction.path, format_.csv_cells(prediction), "");
  }
  PredictionCells blank = format_.csv_header();
  blank.left.assign(blank.left.size(), "");
  blank.right.assign(blank.right.size(), "");
  return csv_line(prediction.path, blank, prediction.error);
}

std::string PredictionText::beginning() const {
  if (layout_ == PredictionLayout::kJson) return "[\n";
  if (layout_ != PredictionLayout::kCsv) return "";
  const PredictionCells header = format_.csv_header();
  return csv_line("path", header, error_column(header));
}

std::string PredictionText::row(const Prediction& prediction, bool is_first) const {
  switch (layout_) {
    case PredictionLayout::kText: return text_row(prediction, format_);
    case PredictionLayout::kCsv: return csv_row(prediction);
    case PredictionLayout::kJson:
      return (is_first ? "" : ",\n") + json_element(object_of(prediction, format_));
    case PredictionLayout::kJsonl: break;
  }
  return json_line(object_of(prediction, format_)) + "\n";
}

std::string PredictionText::ending() const {
  return layout_ == PredictionLayout::kJson ? "\n]\n" : "";
}

std::optional<std::string> PredictionText::error_in(std::string_view row,
                                                    const std::string& path) const {
  if (layout_ == PredictionLayout::kText) {
    const std::string shown = visible(path);
    if (!row.starts_with(shown + ":")) return std::nullopt;
    const std::string failed = shown + std::string(kErrorMark);
    return row.starts_with(failed) ? std::string(row.substr(failed.size())) : "";
  }
  if (layout_ == PredictionLayout::kJsonl) {
    const auto object = nlohmann::json::parse(row, nullptr, /*allow_exceptions=*/false);
    // A path that is not UTF-8 is written with replacement characters.
    const auto expected = nlohmann::json::parse(json_line({{"path", path}}));
    if (!object.is_object() || !object.contains("path") || object["path"] != expected["path"]) {
      return std::nullopt;
    }
    if (!object.contains("error")) return "";
    return object["error"].is_string() ? object["error"].get<std::string>() : "unknown";
  }
  const auto rows = parse_csv(row, path);
  const std::size_t error = 1 + format_.csv_header().left.size();
  if (rows.size() != 1 || error >= rows.front().fields.size()) return std::nullopt;
  const auto& fields = rows.front().fields;
  return fields.front() == path ? std::make_optional(fields[error]) : std::nullopt;
}

}  // namespace transfer
