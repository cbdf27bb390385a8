#include "app/report/prediction_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/csv.h"
#include "datasets/target_text.h"
#include "models/classifier.h"

namespace transfer {
namespace {

using Names = std::vector<std::string>;

std::string header(const Names& names, TargetKind kind) {
  std::string columns;
  const std::string prefix = kind == TargetKind::kValues ? "predicted_" : "";
  for (const auto& name : names) columns += fmt::format(",{}", csv_field(prefix + name));
  if (kind == TargetKind::kClass) return "path,label,class,probability" + columns + "\n";
  if (kind == TargetKind::kLabels) return "path,labels,predicted" + columns + "\n";
  std::string known;
  for (const auto& name : names) known += fmt::format(",{}", csv_field(name));
  return "path" + known + columns + "\n";
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
