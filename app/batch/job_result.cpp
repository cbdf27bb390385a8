#include "app/batch/job_result.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "app/report/metrics_report.h"
#include "app/training/training_end.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/run_files.h"
#include "core/run_format.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// What to do about a run that cannot be read.
std::string remedy(const std::filesystem::path& run_directory) {
  return fmt::format("Remove {} and run the batch again.", run_directory.string());
}

/// The key of a score behind `prefix`.
std::string key_of(const ScoreName& score, std::string_view prefix) {
  return fmt::format("{}{}", prefix, score.key);
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A number; NaN is `null` in JSON, and counts as the worst there is.
double number_or(const nlohmann::json& value, double worst) {
  return value.is_null() ? worst : value.get<double>();
}

}  // namespace

RunScores read_scores(const std::filesystem::path& run_directory) {
  const auto file = run_directory / run_file::kSummary;
  try {
    const auto summary = nlohmann::json::parse(read_file(file));
    require_run_format(summary, file, remedy(run_directory));
    RunScores scores;
    const auto& val = summary.at("val");
    scores.score = find_score(val, "").value_or(kAccuracy);
    scores.val = number_or(val.at(scores.score.key), -kInfinity);
    scores.val_loss = number_or(val.at("loss"), kInfinity);
    if (summary.contains("test")) {
      scores.test = number_or(summary.at("test").at(scores.score.key), -kInfinity);
      scores.test_loss = number_or(summary.at("test").at("loss"), kInfinity);
    }
    scores.strategy = summary.at("strategy").get<std::string>();
    scores.best_epoch = summary.at("best_epoch").get<std::int64_t>();
    scores.seconds = summary.at("seconds").at("total").get<double>();
    scores.peak_memory_mb = summary.at("peak_memory_mb").get<double>();
    scores.was_stopped_by_time = summary.value("ended_by", "") == name_of(TrainingEnd::kTimeLimit);
    return scores;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}: is not the summary of a run: {}. {}", file.string(),
                                error.what(), remedy(run_directory)));
  }
}

std::optional<std::int64_t> planned_epochs(const Config& config) {
  if (config.strategy == kAutoStrategy) return std::nullopt;
  const bool iterates =
      find_strategy(config.strategy).trunk_is_frozen && config.train.optimizer == Optimizer::kLbfgs;
  return iterates ? config.train.iterations : config.train.epochs;
}

std::vector<EpochScore> read_epoch_scores(const std::filesystem::path& run_directory) {
  const auto file = run_directory / run_file::kMetrics;
  std::vector<EpochScore> scores;
  if (!is_file(file)) return scores;
  std::istringstream lines(read_file(file));
  std::int64_t number = 0;
  try {
    for (std::string line; std::getline(lines, line);) {
      if (lines.eof()) break;  // a run that was killed did not end this line
      ++number;
      const auto epoch = nlohmann::json::parse(line);
      if (epoch.value("epoch", std::int64_t{1}) == 0) continue;  // the start
      const auto score = find_score(epoch, "val_");
      if (!score) throw DataError(other_format_message(file, 1, remedy(run_directory)));
      scores.push_back({*score, number_or(epoch.at(key_of(*score, "val_")), -kInfinity),
                        number_or(epoch.at("val_loss"), kInfinity)});
    }
    return scores;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}:{}: is not the metrics of an epoch: {}. {}", file.string(),
                                number, error.what(), remedy(run_directory)));
  }
}

}  // namespace transfer
