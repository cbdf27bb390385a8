#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "app/report/html_page.h"
#include "app/report/page_file.h"
#include "app/report/report_charts.h"
#include "app/report/run_comparison.h"
#include "app/training/score_name.h"
#include "core/atomic_file.h"
#include "core/display_width.h"
#include "core/json_text.h"
#include "core/text_table.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

/// Where there are several comparisons.
constexpr std::string_view kApart =
    "These runs do not all predict the same classes or targets, so that only those are compared "
    "with "
    "each other that do.";

bool is_read_in_percent(const std::string& key) { return key.ends_with("accuracy"); }

/// As people call it.
std::string title_of_score(const std::string& key) {
  static const std::map<std::string, std::string> kTitles = {
      {"macro_f1", "macro-F1"}, {"auroc", "AUROC"}, {"mean_average_precision", "mAP"}, {"r2", "R²"},
      {"mae", "MAE"},           {"rmse", "RMSE"}};
  const auto found = kTitles.find(key);
  return found == kTitles.end() ? key : found->second;
}

std::string number_of_score(double value) {
  constexpr double kSmall = 10;
  return std::abs(value) < kSmall ? fmt::format("{:.4f}", value) : fmt::format("{:.5g}", value);
}

std::string compared_value(const std::string& key, double value) {
  return is_read_in_percent(key) ? fmt::format("{:.2f} %", 100 * value) : number_of_score(value);
}

std::string compared_interval(const ComparedScore& score) {
  if (!score.interval) return "too few to tell";
  return is_read_in_percent(score.key)
             ? fmt::format("{:.1f} to {:.1f} %", 100 * score.interval->low,
                           100 * score.interval->high)
             : fmt::format("{} to {}", number_of_score(score.interval->low),
                           number_of_score(score.interval->high));
}

std::string p_value_text(double p) { return p < 0.001 ? "< 0.001" : fmt::format("{:.3f}", p); }

/// "−1.31 points", "0.012"
std::string difference_text(const std::string& key, double difference) {
  return is_read_in_percent(key) ? fmt::format("{:.2f} points", 100 * difference)
                                 : number_of_score(difference);
}

std::string scores_table(const RunComparison& comparison) {
  const auto& first = comparison.runs.front().scores;
  std::vector<TableColumn> columns = {{"run"}, {"strategy"}, {"images", true}};
  for (const ComparedScore& score : first) {
    columns.push_back({title_of_score(score.key), true});
    columns.push_back({"95 % interval", true});
  }
  columns.insert(columns.end(), {{"below the best", true}, {"p", true}});
  std::vector<std::vector<std::string>> rows;
  for (const RunInComparison& run : comparison.runs) {
    std::vector<std::string> row = {run.run->path.string(),
                                    run.run->summary.value("strategy", std::string()),
                                    fmt::format("{}", run.images)};
    for (std::size_t s = 0; s < first.size(); ++s) {
      const bool has = s < run.scores.size() && run.scores[s].key == first[s].key;
      row.push_back(has ? compared_value(first[s].key, run.scores[s].value) : "");
      row.push_back(has ? compared_interval(run.scores[s]) : "");
    }
    row.push_back(run.with_best
                      ? difference_text(first.front().key, run.with_best->difference.difference)
                      : "");
    row.push_back(run.with_best ? p_value_text(run.with_best->adjusted_p_value) : "");
    rows.push_back(std::move(row));
  }
  return text_table(columns, rows);
}

std::string differences_table(const RunComparison& comparison) {
  constexpr std::size_t kWidestValue = 30;
  std::vector<TableColumn> columns = {{"setting"}};
  for (const RunInComparison& run : comparison.runs) {
    columns.push_back({shortened(run.run->path.filename().string(), kWidestValue)});
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, values] : comparison.differences) {
    std::vector<std::string> row = {key};
    for (const std::string& value : values) row.push_back(shortened(value, kWidestValue));
    rows.push_back(std::move(row));
  }
  return text_table(columns, rows);
}

std::string section_of(const RunComparison& comparison) {
  std::string text =
      fmt::format("{} images, the best run first\n{}",
                  comparison.split == "test" ? "test" : "validation", scores_table(comparison));
  bool is_tested = false;
  for (const RunInComparison& run : comparison.runs) {
    is_tested = is_tested || run.with_best.has_value();
    if (!run.remark.empty()) text += fmt::format("{}: {}\n", run.run->path.string(), run.remark);
  }
  if (is_tested) {
    text += fmt::format(
        "p: how probable so large a difference to the best run is between equally good models "
        "({} on the images that both judged, with Holm's correction); below 0.05 they differ\n",
        comparison.runs.front().run->kind == TargetKind::kClass ? "McNemar's test"
                                                                : "paired bootstrap");
  }
  if (comparison.differences.empty()) {
    return text + (comparison.runs.size() > 1 ? "the settings are the same\n" : "");
  }
  return text + "\nsettings that differ\n" + differences_table(comparison);
}

ordered_json interval_json(const std::optional<Interval>& interval) {
  if (!interval) return nullptr;
  return {interval->low, interval->high};
}

ordered_json test_json(const ComparedWithBest& with_best) {
  ordered_json object = {{"images", with_best.images},
                         {"difference", with_best.difference.difference},
                         {"interval", interval_json(with_best.difference.interval)},
                         {"test", with_best.mcnemar ? "mcnemar" : "paired_bootstrap"},
                         {"p_value", with_best.p_value},
                         {"adjusted_p_value", with_best.adjusted_p_value}};
  if (!with_best.mcnemar) return object;
  object["exact"] = with_best.mcnemar->is_exact;
  object["only_best_right"] = with_best.mcnemar->only_first;
  object["only_this_right"] = with_best.mcnemar->only_second;
  return object;
}

ordered_json run_json(const RunInComparison& one) {
  const ComparedRun& run = *one.run;
  ordered_json object = {{"run", run.path.string()},
                         {"strategy", run.summary.value("strategy", "")},
                         {"backbone", run.summary.value("backbone", "")},
                         {"images", one.images}};
  for (const ComparedScore& score : one.scores) {
    object["scores"][score.key] = {{"value", score.value},
                                   {"interval", interval_json(score.interval)}};
  }
  object["with_best"] = one.with_best ? test_json(*one.with_best) : ordered_json(nullptr);
  object["remark"] = one.remark;
  return object;
}

}  // namespace

ordered_json to_json(const RunComparison& comparison) {
  ordered_json object = {{"split", comparison.split},
                         {"classes", comparison.runs.front().run->classes}};
  for (const RunInComparison& run : comparison.runs) object["runs"].push_back(run_json(run));
  object["differences"] = ordered_json::object();
  for (const auto& [key, values] : comparison.differences) object["differences"][key] = values;
  return object;
}

std::string to_text(const std::vector<RunComparison>& comparisons) {
  std::string text;
  if (comparisons.size() > 1) text += std::string(kApart) + "\n\n";
  for (const RunComparison& comparison : comparisons) {
    if (&comparison != &comparisons.front()) text += "\n";
    if (comparisons.size() > 1) {
      text += fmt::format("models of {} classes or targets, beginning with {}\n",
                          comparison.runs.front().run->classes.size(),
                          comparison.runs.front().run->classes.front());
    }
    text += section_of(comparison);
  }
  return text;
}

void write_comparison_page(const std::vector<RunComparison>& comparisons,
                           const std::filesystem::path& file) {
  ordered_json data = {{"title", "Comparison of runs"},
                       {"apart", comparisons.size() > 1 ? kApart : ""}};
  for (const RunComparison& comparison : comparisons) {
    ordered_json object = to_json(comparison);
    for (std::size_t i = 0; i < comparison.runs.size(); ++i) {
      object["runs"][i]["epochs"] = epoch_lines(comparison.runs[i].run->metrics);
      object["runs"][i]["best_epoch"] =
          comparison.runs[i].run->summary.value("best_epoch", std::int64_t{0});
    }
    data["comparisons"].push_back(std::move(object));
  }
  HtmlPage page;
  page.title = "Comparison of runs";
  page.command = kCompare;
  page.body = page_file("compare.html");
  page.style = page_file("page.css");
  page.scripts = {page_file("chart.min.js"), page_file("elements.js"), page_file("charts.js"),
                  page_file("compare.js")};
  page.data = json_line(data);
  write_file_atomically(file, to_html(page));
}

}  // namespace transfer
