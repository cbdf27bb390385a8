#include "app/batch/batch_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/csv.h"
#include "core/display_width.h"
#include "core/json_text.h"
#include "core/quantity_text.h"
#include "core/run_format.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

template <typename Number>
std::string cell(const std::optional<Number>& number) {
  return number ? fmt::format("{}", *number) : "";
}

std::string csv_row(const BatchSummary& summary, std::size_t i) {
  const BatchJob& job = summary.plan.jobs[i].job;
  const JobResult& result = summary.results[i];
  const Config& config = job.config;
  const auto& s = result.scores;
  std::vector<std::string> fields = {
      job.name,
      job.group,
      state_name(result.state),
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
  for (std::string& field : fields) field = csv_field(field);
  return fmt::format("{}\n", fmt::join(fields, ","));
}

ordered_json job_object(const BatchSummary& summary, std::size_t i) {
  const BatchJob& job = summary.plan.jobs[i].job;
  const JobResult& result = summary.results[i];
  ordered_json object = {{"job", job.name},
                         {"group", job.group},
                         {"state", state_name(result.state)},
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

/// "95.42 % ± 0.31", "0.5213 ± 0.0021"
std::string spread_text(const ScoreName& score, const Spread& spread) {
  const std::string text = score.value_text(spread.mean);
  if (!spread.standard_deviation) return text;
  return text + (score.is_share ? fmt::format(" ± {:.2f}", 100 * *spread.standard_deviation)
                                : fmt::format(" ± {:.4f}", *spread.standard_deviation));
}

std::string ranking_text(const BatchSummary& summary) {
  constexpr std::size_t kScoreWidth = 16;
  std::size_t width = 5;
  for (const auto& group : summary.ranking) width = std::max(width, display_width(group.name));
  std::string text;
  for (const RankedGroup& group : summary.ranking) {
    if (group.rank == 1) {
      text += fmt::format("{}{}, {}\nrank  {}  runs  {}  {}  time/run      best run\n",
                          text.empty() ? "" : "\n", group.data, group.score.title,
                          padded("jobs", width), padded("validation", kScoreWidth),
                          padded("test", kScoreWidth));
    }
    text +=
        fmt::format("{:4}  {}  {:4}  {}  {}  {:<12}  {}\n", group.rank, padded(group.name, width),
                    group.jobs.size(), padded(spread_text(group.score, group.val), kScoreWidth),
                    padded(group.test ? spread_text(group.score, *group.test) : "–", kScoreWidth),
                    duration_text(group.seconds),
                    summary.folder.run(summary.plan.jobs[group.jobs.front()].job.name).string());
  }
  return text;
}

}  // namespace

std::string to_csv(const BatchSummary& summary) {
  std::string text =
      "job,group,state,data,backbone,strategy,seed,fold,score,val,val_loss,test,test_loss,"
      "best_epoch,run_directory,seconds,peak_memory_mb\n";
  for (std::size_t i = 0; i < summary.results.size(); ++i) text += csv_row(summary, i);
  return text;
}

std::string to_json(const BatchSummary& summary) {
  ordered_json jobs = ordered_json::array();
  for (std::size_t i = 0; i < summary.results.size(); ++i) jobs.push_back(job_object(summary, i));
  ordered_json ranking = ordered_json::array();
  for (const auto& group : summary.ranking) ranking.push_back(group_object(summary, group));
  return json_text({{"format", kRunFormat}, {"jobs", jobs}, {"ranking", ranking}});
}

std::string to_text(const BatchSummary& summary) {
  std::string text = ranking_text(summary);
  for (std::size_t i = 0; i < summary.results.size(); ++i) {
    if (summary.results[i].state == JobState::kFinished) continue;
    const std::string& name = summary.plan.jobs[i].job.name;
    const std::string& reason = summary.results[i].reason;
    text += fmt::format("{} {}{}{}\n", state_name(summary.results[i].state), name,
                        reason.empty() ? "" : ": ", reason);
  }
  return text + fmt::format("written to {}: {} {}\n", summary.folder.path().string(),
                            summary.folder.summary_csv().filename().string(),
                            summary.folder.summary_json().filename().string());
}

}  // namespace transfer
