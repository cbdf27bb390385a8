#include "app/report/run_table.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/display_width.h"
#include "core/json_text.h"
#include "core/quantity_text.h"
#include "core/text_table.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

/// A backbone or data set as the last part of its path.
std::string short_path(const std::string& text) {
  constexpr std::size_t kWidest = 24;
  const auto path = std::filesystem::path(text).lexically_normal();
  const auto last = path.has_filename() ? path.filename() : path.parent_path().filename();
  return shortened(last.empty() ? text : last.string(), kWidest);
}

std::string score_cell(const std::optional<Score>& score) {
  return score ? score->name.value_text(score->value) : "";
}

/// "12 of 20": the best epoch and how many there are; of an unfinished run how many there are.
std::string epochs_cell(const RunOverview& run) {
  if (!run.epochs) return "";
  return run.best_epoch ? fmt::format("{} of {}", *run.best_epoch, *run.epochs)
                        : fmt::format("{}", *run.epochs);
}

std::string date_cell(std::int64_t date) {
  if (date == 0) return "";
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(static_cast<std::time_t>(date)));
}

std::vector<std::string> row_of_run(const NamedRun& named) {
  const RunOverview& run = named.run;
  return {named.name,           std::string(name_of(run.state)),
          run.strategy,         short_path(run.backbone),
          short_path(run.data), run.val ? std::string(run.val->name.title) : "",
          score_cell(run.val),  score_cell(run.test),
          epochs_cell(run),     run.seconds ? duration_text(*run.seconds) : "",
          date_cell(run.date),  run.reason};
}

ordered_json score_json(const std::optional<Score>& score) {
  return score ? ordered_json(score->value) : ordered_json(nullptr);
}

template <typename Value>
ordered_json value_or_null(const std::optional<Value>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json text_json(const std::string& text) {
  return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

/// Larger values first, and what has none last.
template <typename Value>
bool is_before(const std::optional<Value>& a, const std::optional<Value>& b) {
  if (a && b) return *a > *b;
  return a.has_value() && !b;
}

std::optional<double> value_of(const std::optional<Score>& score) {
  return score ? std::optional(score->value) : std::nullopt;
}

}  // namespace

void sort_runs(std::vector<NamedRun>& runs, RunOrder order) {
  std::sort(runs.begin(), runs.end(),
            [](const NamedRun& a, const NamedRun& b) { return a.name < b.name; });
  const auto is_earlier = [order](const NamedRun& a, const NamedRun& b) {
    switch (order) {
      case RunOrder::kDate: return a.run.date > b.run.date;
      case RunOrder::kScore: return is_before(value_of(a.run.val), value_of(b.run.val));
      case RunOrder::kTime: return is_before(a.run.seconds, b.run.seconds);
      case RunOrder::kName: break;
    }
    return false;
  };
  std::stable_sort(runs.begin(), runs.end(), is_earlier);
}

std::string to_text(const std::vector<NamedRun>& runs) {
  const std::vector<TableColumn> columns = {
      {"name"},      {"state"},      {"strategy"},     {"backbone"}, {"data"}, {"score"},
      {"val", true}, {"test", true}, {"epochs", true}, {"time"},     {"date"}, {""}};
  std::vector<std::vector<std::string>> rows;
  for (const NamedRun& run : runs) rows.push_back(row_of_run(run));
  return text_table(columns, rows);
}

std::string to_json(const std::vector<NamedRun>& runs) {
  ordered_json list = ordered_json::array();
  for (const auto& [name, run] : runs) {
    ordered_json object = {
        {"name", name},
        {"state", name_of(run.state)},
        {"strategy", text_json(run.strategy)},
        {"backbone", text_json(run.backbone)},
        {"data", text_json(run.data)},
        {"score", run.val ? ordered_json(run.val->name.key) : ordered_json(nullptr)},
        {"val", score_json(run.val)},
        {"test", score_json(run.test)},
        {"best_epoch", value_or_null(run.best_epoch)},
        {"epochs", value_or_null(run.epochs)},
        {"seconds", value_or_null(run.seconds)},
        {"date",
         fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(run.date)))},
        {"run_directory", run.path.string()}};
    if (!run.reason.empty()) object["reason"] = run.reason;
    list.push_back(std::move(object));
  }
  return json_text(list);
}

}  // namespace transfer
