#include "app/batch/batch_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "core/csv.h"
#include "core/display_width.h"
#include "core/json_text.h"
#include "core/quantity_text.h"
#include "core/run_format.h"
#include "core/shell_word.h"
#include "core/text_table.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

template <typename Number>
std::string cell(const std::optional<Number>& number) {
  return number ? fmt::format("{}", *number) : "";
}

/// The columns of every batch; those of the axes follow.
constexpr std::array kColumns = {
    "job",       "group",      "state",         "data",    "backbone",      "strategy",
    "seed",      "fold",       "score",         "val",     "val_loss",      "test",
    "test_loss", "best_epoch", "run_directory", "seconds", "peak_memory_mb"};

/// The axes that no other column shows under the same name, as `seed` does.
std::vector<std::string> axis_columns(const BatchPlan& plan) {
  std::vector<std::string> keys = plan.axes();
  std::erase_if(keys, [](const std::string& key) {
    return std::find(kColumns.begin(), kColumns.end(), key) != kColumns.end();
  });
  return keys;
}

std::string csv_line(std::vector<std::string> fields) {
  for (std::string& field : fields) field = csv_field(field);
  return fmt::format("{}\n", fmt::join(fields, ","));
}

std::string csv_row(const BatchSummary& summary, std::size_t i,
                    const std::vector<std::string>& axes) {
  const BatchJob& job = summary.plan.jobs[i].job;
  const JobResult& result = summary.results[i];
  const Config& config = job.config;
  const auto& s = result.scores;
  std::vector<std::string> fields = {
      job.name,
      job.group,
      std::string(name_of(result.state)),
      config.data.path,
      config.backbone,
      s ? s->strategy : config.strategy,
      fmt::format("{}", config.seed),
      config.data.folds > 0 ? fmt::format("{}", config.data.fold) : "",
      s ? std::string(s->score.key) : "",
      s ? fmt::format("{}", s->val) : "",
      s ? fmt::format("{}", s->val_loss) : "",
      s ? cell(s->test) : "",
      s ? cell(s->test_loss) : "",
      s ? fmt::format("{}", s->best_epoch) : "",
      summary.folder.run(job.name).string(),
      s ? fmt::format("{:.1f}", s->seconds) : "",
      s ? fmt::format("{:.0f}", s->peak_memory_mb) : ""};
  for (const std::string& axis : axes) fields.push_back(job.value_on(axis));
  return csv_line(std::move(fields));
}

ordered_json job_object(const BatchSummary& summary, std::size_t i) {
  const BatchJob& job = summary.plan.jobs[i].job;
  const JobResult& result = summary.results[i];
  ordered_json object = {{"job", job.name},
                         {"group", job.group},
                         {"state", name_of(result.state)},
                         {"data", job.config.data.path},
                         {"backbone", job.config.backbone},
                         {"strategy", job.config.strategy},
                         {"seed", job.config.seed}};
  if (job.config.data.folds > 0) object["fold"] = job.config.data.fold;
  ordered_json axes = ordered_json::object();
  for (const auto& [key, value] : job.axes) axes[key] = value;
  object["axes"] = axes;
  if (result.scores) {
    const RunScores& s = *result.scores;
    object["strategy"] = s.strategy;
    object["val"] = {{std::string(s.score.key), s.val}, {"loss", s.val_loss}};
    if (s.test) object["test"] = {{std::string(s.score.key), *s.test}, {"loss", *s.test_loss}};
    object["best_epoch"] = s.best_epoch;
  }
  if (!result.reason.empty()) object["reason"] = result.reason;
  object["run_directory"] = summary.folder.run(job.name).string();
  if (result.scores) {
    object["seconds"] = result.scores->seconds;
    object["peak_memory_mb"] = result.scores->peak_memory_mb;
  }
  return object;
}

ordered_json spread_object(const Spread& spread) {
  ordered_json object = {{"mean", spread.mean}};
  if (spread.standard_deviation) object["standard_deviation"] = *spread.standard_deviation;
  return object;
}

ordered_json group_object(const BatchSummary& summary, const RankedGroup& group) {
  ordered_json object = {{"group", group.name},       {"data", group.data},
                         {"rank", group.rank},        {"score", group.score.key},
                         {"runs", group.jobs.size()}, {"val", spread_object(group.val)}};
  if (group.test) object["test"] = spread_object(*group.test);
  object["run_directories"] = ordered_json::array();
  for (const std::size_t job : group.jobs) {
    object["run_directories"].push_back(
        summary.folder.run(summary.plan.jobs[job].job.name).string());
  }
  object["seconds"] = group.seconds;
  return object;
}

/// The best job of a group.
const BatchJob& first_job(const BatchSummary& summary, const RankedGroup& group) {
  return summary.plan.jobs[group.jobs.front()].job;
}

/// Groups on the same data.
using Section = std::span<const RankedGroup>;

/// "95.42 % ± 0.31", "0.5213 ± 0.0021"
std::string spread_text(const ScoreName& score, const Spread& spread) {
  const std::string text = score.value_text(spread.mean);
  if (!spread.standard_deviation) return text;
  return text + (score.is_share ? fmt::format(" ± {:.2f}", 100 * *spread.standard_deviation)
                                : fmt::format(" ± {:.4f}", *spread.standard_deviation));
}

/// The keys on which groups of the section differ or may differ: all axes that a group of it has,
/// but for seeds and folds, over which its score is averaged.
std::vector<std::string> axes_of(const BatchSummary& summary, const Section& section) {
  std::vector<std::string> keys;
  for (const std::string& key : summary.plan.axes()) {
    const bool is_used = std::any_of(section.begin(), section.end(), [&](const RankedGroup& group) {
      return !first_job(summary, group).value_on(key).empty();
    });
    if (is_used && !is_repeating_axis(key)) keys.push_back(key);
  }
  return keys;
}

/// The groups on the same data: a column for each axis in place of the long names of their jobs.
std::string section_text(const BatchSummary& summary, const Section& section) {
  constexpr std::size_t kWidestValue = 30;
  const auto axes = axes_of(summary, section);
  std::vector<TableColumn> columns = {{"rank", true}, {"jobs"}};
  for (const std::string& axis : axes) columns.push_back({axis});
  columns.insert(columns.end(),
                 {{"runs", true}, {"validation"}, {"test"}, {"time/run"}, {"best run"}});
  std::vector<std::vector<std::string>> rows;
  for (const RankedGroup& group : section) {
    const BatchJob& job = first_job(summary, group);
    std::vector<std::string> row = {fmt::format("{}", group.rank), job.entry};
    for (const std::string& axis : axes) row.push_back(shortened(job.value_on(axis), kWidestValue));
    row.insert(row.end(),
               {fmt::format("{}", group.jobs.size()), spread_text(group.score, group.val),
                group.test ? spread_text(group.score, *group.test) : "–",
                duration_text(group.seconds), summary.folder.run(job.name).string()});
    rows.push_back(std::move(row));
  }
  return fmt::format("{}, {}\n{}", section.front().data, section.front().score.title,
                     text_table(columns, rows));
}

std::string ranking_text(const BatchSummary& summary) {
  std::string text;
  const Section ranking = summary.ranking;
  for (std::size_t begin = 0; begin < ranking.size();) {
    std::size_t end = begin + 1;
    while (end < ranking.size() && ranking[end].rank != 1) ++end;
    if (begin > 0) text += "\n";
    text += section_text(summary, ranking.subspan(begin, end - begin));
    begin = end;
  }
  return text;
}

/// How several runs on the same data become one model; empty where there are none.
std::string joining_text(const BatchSummary& summary) {
  const Section ranking = summary.ranking;
  const auto sections = std::count_if(ranking.begin(), ranking.end(),
                                      [](const RankedGroup& group) { return group.rank == 1; });
  std::size_t runs = 0;
  for (const RankedGroup& group : ranking) runs += group.jobs.size();
  if (sections != 1 || runs < 2) return "";
  return fmt::format("all of them as one model: transfer ensemble {} --output ensemble.pt\n",
                     shell_word(summary.folder.path().string()));
}

}  // namespace

std::string to_csv(const BatchSummary& summary) {
  const auto axes = axis_columns(summary.plan);
  std::vector<std::string> header(kColumns.begin(), kColumns.end());
  header.insert(header.end(), axes.begin(), axes.end());
  std::string text = csv_line(std::move(header));
  for (std::size_t i = 0; i < summary.results.size(); ++i) text += csv_row(summary, i, axes);
  return text;
}

std::string to_json(const BatchSummary& summary) {
  ordered_json jobs = ordered_json::array();
  for (std::size_t i = 0; i < summary.results.size(); ++i) jobs.push_back(job_object(summary, i));
  ordered_json ranking = ordered_json::array();
  for (const auto& group : summary.ranking) ranking.push_back(group_object(summary, group));
  ordered_json object = {
      {"format", kRunFormat}, {"axes", summary.plan.axes()}, {"jobs", jobs}, {"ranking", ranking}};
  if (summary.has_comparison) object["comparison"] = batch_file::kComparison;
  return json_text(object);
}

std::string to_text(const BatchSummary& summary) {
  std::string text = ranking_text(summary);
  for (std::size_t i = 0; i < summary.results.size(); ++i) {
    if (summary.results[i].state == JobState::kFinished) continue;
    const std::string& name = summary.plan.jobs[i].job.name;
    const std::string& reason = summary.results[i].reason;
    text += fmt::format("{} {}{}{}\n", name_of(summary.results[i].state), name,
                        reason.empty() ? "" : ": ", reason);
  }
  text += fmt::format("written to {}: {} {}", summary.folder.path().string(),
                      summary.folder.summary_csv().filename().string(),
                      summary.folder.summary_json().filename().string());
  if (summary.has_comparison) text += fmt::format(" {}", batch_file::kComparison);
  return text + "\n" + joining_text(summary);
}

}  // namespace transfer
