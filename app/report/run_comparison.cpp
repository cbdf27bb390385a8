#include "app/report/run_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "app/report/report_scores.h"

namespace transfer {
namespace {

constexpr std::uint64_t kComparisonSeed = 0;

std::int64_t right_images(const ScoredImages& images) {
  return images.predictions.argmax(1).eq(images.truth.labels).sum().item<std::int64_t>();
}

/// The value of a score in summary.json, or of the predictions where that lacks it.
double summary_value(const ComparedRun& run, const NamedScore& score) {
  const auto& metrics = run.summary.at(run.split);
  const auto found = metrics.find(score.key);
  if (found != metrics.end() && found->is_number()) return found->get<double>();
  const std::vector<std::int32_t> once(run.predictions->paths.size(), 1);
  return score.value(once);
}

std::vector<ComparedScore> scores_with_intervals(const ComparedRun& run) {
  const ScoredImages& images = run.predictions->images;
  const auto intervals = resampled_intervals(images, kComparisonSeed);
  std::vector<ComparedScore> scores;
  for (const NamedScore& score : counted_scores(images)) {
    const double value = summary_value(run, score);
    if (std::isnan(value)) continue;
    Interval interval = intervals.at(score.key);
    if (score.key == "accuracy") interval = wilson_interval(right_images(images), images.images());
    ComparedScore compared{score.key, value, {}};
    if (std::isfinite(interval.low)) compared.interval = interval;
    scores.push_back(compared);
  }
  return scores;
}

/// Of a run whose predictions are gone.
std::vector<ComparedScore> scores_of_summary(const ComparedRun& run) {
  std::vector<ComparedScore> scores;
  for (const char* key :
       {"mean_average_precision", "r2", "accuracy", "macro_f1", "auroc", "mae", "rmse"}) {
    const auto& metrics = run.summary.at(run.split);
    const auto found = metrics.find(key);
    if (found != metrics.end() && found->is_number()) {
      scores.push_back({key, found->get<double>(), {}});
    }
  }
  return scores;
}

RunInComparison measured(const ComparedRun& run) {
  RunInComparison result;
  result.run = &run;
  result.images = run.summary.at(run.split).value("images", std::int64_t{0});
  if (run.predictions) {
    result.images = run.predictions->images.images();
    result.scores = scores_with_intervals(run);
  } else {
    result.scores = scores_of_summary(run);
    result.remark = "its table of predictions is gone, so that nothing can be tested";
  }
  return result;
}

/// The rows of two tables that are about the same image with the same truth.
struct CommonImages {
  ScoredImages first;
  ScoredImages second;
  std::int64_t other_truth = 0;
};

bool have_same_truth(const ScoredImages& a, std::int64_t i, const ScoredImages& b, std::int64_t j) {
  if (a.kind == TargetKind::kClass) {
    return a.truth.labels.const_data_ptr<std::int64_t>()[i] ==
           b.truth.labels.const_data_ptr<std::int64_t>()[j];
  }
  const std::int64_t width = a.columns();
  const auto* const first = a.truth.targets.const_data_ptr<float>() + i * width;
  return std::equal(first, first + width, b.truth.targets.const_data_ptr<float>() + j * width);
}

ScoredImages rows_of(const ScoredImages& images, const std::vector<std::int64_t>& rows) {
  const torch::Tensor positions = torch::tensor(rows, torch::kInt64);
  ScoredImages selected{images.kind, images.predictions.index_select(0, positions).contiguous(),
                        images.truth.select(positions)};
  if (images.predicted_labels.defined()) {
    selected.predicted_labels = images.predicted_labels.index_select(0, positions);
  }
  return selected;
}

CommonImages common_images(const PredictionsOfRun& first, const PredictionsOfRun& second) {
  std::unordered_map<std::string, std::int64_t> place_of;
  for (std::size_t j = 0; j < second.paths.size(); ++j) {
    place_of[second.paths[j]] = static_cast<std::int64_t>(j);
  }
  std::vector<std::int64_t> rows_first;
  std::vector<std::int64_t> rows_second;
  std::int64_t other_truth = 0;
  for (std::size_t i = 0; i < first.paths.size(); ++i) {
    const auto found = place_of.find(first.paths[i]);
    if (found == place_of.end()) continue;
    const auto row = static_cast<std::int64_t>(i);
    if (!have_same_truth(first.images, row, second.images, found->second)) {
      ++other_truth;
      continue;
    }
    rows_first.push_back(row);
    rows_second.push_back(found->second);
  }
  return {rows_of(first.images, rows_first), rows_of(second.images, rows_second), other_truth};
}

ComparedWithBest tested(const CommonImages& common) {
  const NamedScore best = counted_scores(common.first).front();
  const NamedScore other = counted_scores(common.second).front();
  ComparedWithBest result{
      common.first.images(),
      paired_bootstrap(common.first.images(), best.value, other.value, kComparisonSeed),
      {}};
  result.p_value = result.difference.p_value;
  if (common.first.kind != TargetKind::kClass) return result;
  const torch::Tensor& labels = common.first.truth.labels;
  const torch::Tensor first = common.first.predictions.argmax(1).eq(labels);
  const torch::Tensor second = common.second.predictions.argmax(1).eq(labels);
  result.mcnemar = mcnemar_test(first.logical_and(second.logical_not()).sum().item<std::int64_t>(),
                                second.logical_and(first.logical_not()).sum().item<std::int64_t>());
  result.p_value = result.mcnemar->p_value;
  return result;
}

void compare_with_best(const RunInComparison& best, RunInComparison& other) {
  if (!other.run->predictions) return;
  if (!best.run->predictions) {
    other.remark = "the best run's table of predictions is gone, so that nothing can be tested";
    return;
  }
  const CommonImages common = common_images(*best.run->predictions, *other.run->predictions);
  const std::int64_t images = common.first.images();
  if (images == 0) {
    other.remark = "judged other images than the best run, so that the two cannot be tested";
    return;
  }
  if (images < best.images || images < other.images) {
    other.remark = fmt::format(
        "was not judged on the same images as the best run: the test is about the {} that both "
        "have, of {} and {}",
        images, best.images, other.images);
  }
  if (common.other_truth > 0) {
    other.remark += fmt::format("{}{} of the images have other labels in the two runs",
                                other.remark.empty() ? "" : "; ", common.other_truth);
  }
  other.with_best = tested(common);
}

void add_differences(RunComparison& comparison) {
  const auto& first = comparison.runs.front().run->settings;
  for (std::size_t k = 0; k < first.size(); ++k) {
    std::vector<std::string> values;
    bool differs = false;
    for (const RunInComparison& one : comparison.runs) {
      values.push_back(k < one.run->settings.size() ? one.run->settings[k].second : "");
      differs = differs || values.back() != values.front();
    }
    if (differs) comparison.differences.emplace_back(first[k].first, std::move(values));
  }
}

RunComparison compared(const std::vector<const ComparedRun*>& runs) {
  RunComparison comparison;
  comparison.split = runs.front()->split;
  for (const ComparedRun* run : runs) comparison.runs.push_back(measured(*run));
  const auto value = [](const RunInComparison& run) {
    return run.scores.empty() ? -HUGE_VAL : run.scores.front().value;
  };
  std::stable_sort(
      comparison.runs.begin(), comparison.runs.end(),
      [&](const RunInComparison& a, const RunInComparison& b) { return value(a) > value(b); });
  std::vector<double> p_values;
  for (std::size_t i = 1; i < comparison.runs.size(); ++i) {
    compare_with_best(comparison.runs.front(), comparison.runs[i]);
    const auto& result = comparison.runs[i].with_best;
    if (result) p_values.push_back(result->p_value);
  }
  const auto adjusted = holm_adjusted(p_values);
  std::size_t place = 0;
  for (RunInComparison& run : comparison.runs) {
    if (run.with_best) run.with_best->adjusted_p_value = adjusted[place++];
  }
  add_differences(comparison);
  return comparison;
}

}  // namespace

std::vector<RunComparison> compare_runs(const std::vector<ComparedRun>& runs) {
  std::vector<std::vector<const ComparedRun*>> groups;
  for (const ComparedRun& run : runs) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& known) {
      return known.front()->kind == run.kind && known.front()->classes == run.classes;
    });
    if (group == groups.end()) {
      groups.push_back({&run});
    } else {
      group->push_back(&run);
    }
  }
  std::vector<RunComparison> comparisons;
  for (const auto& group : groups) comparisons.push_back(compared(group));
  return comparisons;
}

}  // namespace transfer
