#include "app/report/prediction_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/report/column_names.h"
#include "core/csv.h"
#include "datasets/target_text.h"
#include "models/classifier.h"

namespace transfer {
namespace {

using Names = std::vector<std::string>;

/// The names of the columns, before they are quoted.
Names columns_of(const Names& names, TargetKind kind) {
  Names columns;
  Names more;
  switch (kind) {
    case TargetKind::kClass:
      columns = {"path", "label", "class", "probability"};
      more = distinct_columns(names, columns, "probability_");
      break;
    case TargetKind::kLabels:
      columns = {"path", "labels", "predicted"};
      more = distinct_columns(names, columns, "probability_");
      break;
    case TargetKind::kValues:
      columns = {"path"};
      for (const auto& name : distinct_columns(names, columns, "known_")) columns.push_back(name);
      for (const auto& name : names) more.push_back("predicted_" + name);
      more = distinct_columns(more, columns, "predicted_");
      break;
  }
  columns.insert(columns.end(), more.begin(), more.end());
  return columns;
}

std::string header(const Names& names, TargetKind kind) {
  std::string line;
  for (const auto& column : columns_of(names, kind)) {
    if (!line.empty()) line += ',';
    line += csv_field(column);
  }
  return line + "\n";
}

std::string numbers(const std::vector<float>& values, const char* format) {
  std::string text;
  for (const float value : values) text += fmt::format(fmt::runtime(format), value);
  return text;
}

/// A row without the path.
std::string row(const Sample& sample, const std::vector<float>& predictions, const Names& names,
                TargetKind kind) {
  if (kind == TargetKind::kValues) {
    return numbers(sample.targets, ",{}") + numbers(predictions, ",{:.7g}");
  }
  const std::string known = csv_field(target_text(sample, names, kind));
  const std::string probabilities = numbers(predictions, ",{:.6f}");
  if (kind == TargetKind::kLabels) {
    return fmt::format(",{},{}{}", known, csv_field(joined_labels(predictions, names)),
                       probabilities);
  }
  const auto best = static_cast<std::size_t>(
      std::max_element(predictions.begin(), predictions.end()) - predictions.begin());
  return fmt::format(",{},{},{:.6f}{}", known, csv_field(names[best]), predictions[best],
                     probabilities);
}

}  // namespace

std::string prediction_table(const Objective& objective, const std::vector<Sample>& samples,
                             const Truth& truth, const torch::Tensor& outputs,
                             const std::vector<std::string>& classes) {
  const TargetKind kind = objective.targets();
  std::string csv = header(classes, kind);
  const auto predictions = predictions_of(outputs, kind).contiguous();
  const auto* labels = truth.labels.data_ptr<std::int64_t>();
  const auto width = static_cast<std::ptrdiff_t>(classes.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (labels[i] < 0) continue;
    const float* first = predictions.data_ptr<float>() + static_cast<std::ptrdiff_t>(i) * width;
    csv +=
        csv_field(samples[i].path) + row(samples[i], {first, first + width}, classes, kind) + "\n";
  }
  return csv;
}

}  // namespace transfer
