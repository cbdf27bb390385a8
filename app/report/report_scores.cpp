#include "app/report/report_scores.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace transfer {
namespace {

using nlohmann::ordered_json;

ordered_json score_row(const std::string& key, double value, const Interval& interval,
                       const char* method) {
  ordered_json row = {{"key", key}, {"value", value}};
  const bool has_interval = std::isfinite(interval.low) && std::isfinite(interval.high);
  row["low"] = has_interval ? ordered_json(interval.low) : ordered_json(nullptr);
  row["high"] = has_interval ? ordered_json(interval.high) : ordered_json(nullptr);
  row["method"] = has_interval ? ordered_json(method) : ordered_json(nullptr);
  return row;
}

ordered_json share_row(const std::string& key, double share, std::int64_t images) {
  const auto successes = std::llround(share * static_cast<double>(images));
  return score_row(key, share, wilson_interval(successes, images), "wilson");
}

}  // namespace

std::map<std::string, Interval> resampled_intervals(const ScoredImages& images,
                                                    std::uint64_t seed) {
  std::map<std::string, Interval> intervals;
  std::vector<CountedScore> values;
  const auto scores = counted_scores(images);
  for (const NamedScore& score : scores) values.push_back(score.value);
  const auto resampled =
      bootstrap_values(images.images(), values, seed, affordable_resamples(images));
  for (std::size_t s = 0; s < scores.size(); ++s) {
    const Interval interval = percentile_interval(resampled[s]);
    const bool has_spread = interval.low < interval.high;
    intervals[scores[s].key] = has_spread ? interval : Interval{std::nan(""), std::nan("")};
  }
  return intervals;
}

ordered_json headline_scores(const Metrics& metrics, const ScoredImages& images,
                             std::uint64_t seed) {
  const auto intervals = resampled_intervals(images, seed);
  ordered_json rows = ordered_json::array();
  const auto resampled = [&](const std::string& key, std::optional<double> value) {
    if (value) rows.push_back(score_row(key, *value, intervals.at(key), "bootstrap"));
  };
  if (const auto* const classes = std::get_if<ClassificationMetrics>(&metrics)) {
    rows.push_back(share_row("accuracy", classes->accuracy, classes->images));
    if (classes->k > 1 && classes->k < images.columns()) {
      rows.push_back(share_row(fmt::format("top{}_accuracy", classes->k), classes->top_k_accuracy,
                               classes->images));
    }
    resampled("macro_f1", classes->macro_f1);
    resampled("auroc", classes->auroc);
  } else if (const auto* const labels = std::get_if<MultiLabelMetrics>(&metrics)) {
    resampled("mean_average_precision", labels->mean_average_precision);
    resampled("macro_f1", labels->macro_f1);
    resampled("auroc", labels->auroc);
    if (labels->accuracy) rows.push_back(share_row("accuracy", *labels->accuracy, labels->images));
  } else {
    const auto& mean = std::get<RegressionMetrics>(metrics).mean;
    resampled("r2", mean.r2);
    resampled("mae", mean.mae);
    resampled("rmse", mean.rmse);
  }
  return rows;
}

}  // namespace transfer
