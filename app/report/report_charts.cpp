#include "app/report/report_charts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/training/auroc.h"
#include "app/training/operating_curves.h"
#include "app/training/reliability.h"
#include "core/split_text.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

ordered_json reliability_json(const ScoredImages& images) {
  const auto bins = reliability_bins(images);
  ordered_json object = {{"error", expected_calibration_error(bins)}};
  for (const ReliabilityBin& bin : bins) {
    object["bins"].push_back(
        {{"count", bin.count}, {"confidence", bin.confidence}, {"accuracy", bin.accuracy}});
  }
  return object;
}

/// The curves of the columns in which some images are positive and some negative.
ordered_json curves_json(const ScoredImages& images, const torch::Tensor& is_positive,
                         const std::vector<std::string>& names) {
  const std::size_t most = std::clamp<std::size_t>(4000 / names.size(), 20, 200);
  ordered_json curves = ordered_json::array();
  for (std::size_t c = 0; c < names.size(); ++c) {
    const auto column = static_cast<std::int64_t>(c);
    const torch::Tensor scores = images.predictions.select(1, column).contiguous();
    const torch::Tensor positive = is_positive.select(1, column).contiguous();
    const auto points = operating_points(scores, positive, most);
    if (points.empty()) continue;
    const auto positives = positive.sum().item<std::int64_t>();
    ordered_json curve = {{"name", names[c]},
                          {"auroc", *area_under_roc(scores.to(torch::kFloat64), positive)},
                          {"positives", positives},
                          {"negatives", images.images() - positives}};
    for (const OperatingPoint& point : points) {
      curve["points"].push_back(
          {point.false_positive_rate, point.recall, point.precision, point.threshold});
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

ordered_json confusion_json(const std::vector<std::vector<std::int64_t>>& counts) {
  ordered_json cells = ordered_json::array();
  for (std::size_t truth = 0; truth < counts.size(); ++truth) {
    for (std::size_t predicted = 0; predicted < counts.size(); ++predicted) {
      const std::int64_t images = counts[truth][predicted];
      if (images > 0) cells.push_back({truth, predicted, images});
    }
  }
  return cells;
}

struct ToCharts {
  const ShownSplit& split;
  const ScoredImages& images;

  ordered_json operator()(const ClassificationMetrics& m) const {
    ordered_json object = {
        {"per_class",
         {{"precision", m.precision}, {"recall", m.recall}, {"f1", m.f1}, {"support", m.support}}},
        {"confusion", confusion_json(m.confusion_matrix)},
        {"reliability", reliability_json(images)}};
    if (split.classes.size() == 2) {
      const torch::Tensor& labels = images.truth.labels;
      const torch::Tensor numbers = torch::arange(images.columns(), labels.options());
      object["curves"] = curves_json(images, labels.unsqueeze(1).eq(numbers), split.classes);
    }
    return object;
  }

  ordered_json operator()(const MultiLabelMetrics& m) const {
    return {{"per_class",
             {{"average_precision", m.average_precision},
              {"precision", m.precision},
              {"recall", m.recall},
              {"f1", m.f1},
              {"support", m.support},
              {"threshold", m.threshold}}},
            {"reliability", reliability_json(images)},
            {"curves", curves_json(images, images.truth.targets.ge(0.5), split.classes)}};
  }

  ordered_json operator()(const RegressionMetrics& m) const {
    constexpr std::int64_t kMostPoints = 2000;
    const std::int64_t shown = std::min(kMostPoints, images.images());
    const torch::Tensor truth = images.truth.targets.contiguous();
    ordered_json object;
    for (std::size_t k = 0; k < split.classes.size(); ++k) {
      ordered_json target = {{"name", split.classes[k]}, {"of", images.images()}};
      target["points"] = ordered_json::array();
      for (std::int64_t i = 0; i < shown; ++i) {
        const std::int64_t row = i * images.images() / shown;
        const std::int64_t at = row * images.columns() + static_cast<std::int64_t>(k);
        target["points"].push_back(
            {truth.const_data_ptr<float>()[at], images.predictions.const_data_ptr<float>()[at]});
      }
      object["scatter"].push_back(std::move(target));
      if (split.classes.size() == 1) continue;
      object["per_target"].push_back({{"name", split.classes[k]},
                                      {"r2", m.columns[k].r2},
                                      {"mae", m.columns[k].mae},
                                      {"rmse", m.columns[k].rmse}});
    }
    return object;
  }
};

}  // namespace

ordered_json report_charts(const ShownSplit& split, const ScoredImages& images) {
  return std::visit(ToCharts{split, images}, split.metrics);
}

ordered_json epoch_lines(std::string_view json_lines) {
  ordered_json lines = ordered_json::array();
  for (const std::string_view text : split_text(json_lines, '\n')) {
    auto line = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (line.is_object() && line.contains("epoch") && line["epoch"].is_number()) {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

}  // namespace transfer
