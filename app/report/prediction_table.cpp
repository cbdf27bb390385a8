#include "app/report/prediction_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/report/judged_prediction.h"
#include "core/csv.h"
#include "datasets/target_text.h"
#include "models/classifier.h"

namespace transfer {
namespace {

using Names = std::vector<std::string>;
using Numbers = std::vector<float>;

void add_prefixed(Names& columns, const std::string& prefix, const Names& names) {
  for (const auto& name : names) columns.push_back(csv_field(prefix + name));
}

std::string header(const Names& names, TargetKind kind) {
  Names columns = {"path"};
  if (kind == TargetKind::kValues) {
    for (const char* prefix : {"true:", "predicted:", "error:"}) {
      add_prefixed(columns, prefix, names);
    }
  } else {
    columns = {"path", "true", "predicted", "correct", "confidence"};
    add_prefixed(columns, "p:", names);
  }
  return fmt::format("{}\n", fmt::join(columns, ","));
}

std::string value_cells(const Sample& sample, const Numbers& predictions) {
  std::string cells;
  for (const float value : sample.targets) cells += fmt::format(",{}", value);
  for (const float value : predictions) cells += fmt::format(",{:.7g}", value);
  for (std::size_t k = 0; k < predictions.size(); ++k) {
    cells += fmt::format(",{:.7g}", predictions[k] - sample.targets[k]);
  }
  return cells;
}

/// A row without the path.
std::string row(const Sample& sample, const Numbers& predictions, const Names& names,
                const Objective& objective) {
  const TargetKind kind = objective.targets();
  if (kind == TargetKind::kValues) return value_cells(sample, predictions);
  const JudgedPrediction judged = judge(sample, predictions, names, objective);
  std::string cells =
      fmt::format(",{},{},{},{:.6f}", csv_field(target_text(sample, names, kind)),
                  csv_field(judged.text), judged.is_correct ? 1 : 0, judged.confidence);
  for (const float probability : predictions) cells += fmt::format(",{:.6f}", probability);
  return cells;
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
    csv += csv_field(samples[i].path) +
           row(samples[i], {first, first + width}, classes, objective) + "\n";
  }
  return csv;
}

}  // namespace transfer
