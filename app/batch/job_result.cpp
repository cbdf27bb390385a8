#include "app/batch/job_result.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/run_files.h"

namespace transfer {
namespace {

/// The key, behind `prefix`, of the one number that people compare by.
std::string score_key(const nlohmann::json& metrics, const std::string& prefix = "") {
  for (const char* key : {"map", "r2"}) {
    if (metrics.contains(prefix + key)) return key;
  }
  return "top1";
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A number; what was none when it was written is `null` in JSON and counts as the worst there is.
double number_or(const nlohmann::json& value, double worst) {
  return value.is_null() ? worst : value.get<double>();
}

}  // namespace

std::string state_name(JobState state) {
  switch (state) {
    case JobState::kWaiting: return "waiting";
    case JobState::kRunning: return "running";
    case JobState::kPaused: return "paused";
    case JobState::kFinished: return "finished";
    case JobState::kFailed: return "failed";
    case JobState::kStopped: return "stopped";
    case JobState::kPruned: return "pruned";
  }
  return "";
}

RunScores read_scores(const std::filesystem::path& run_directory) {
  const auto file = run_directory / run_file::kSummary;
  try {
    const auto summary = nlohmann::json::parse(read_file(file));
    RunScores scores;
    const auto& val = summary.at("val");
    scores.score = score_key(val);
    scores.val = number_or(val.at(scores.score), -kInfinity);
    scores.val_loss = number_or(val.at("loss"), kInfinity);
    if (summary.contains("test")) {
      scores.test = number_or(summary.at("test").at(scores.score), -kInfinity);
      scores.test_loss = number_or(summary.at("test").at("loss"), kInfinity);
    }
    scores.strategy = summary.at("strategy").get<std::string>();
    scores.best_epoch = summary.at("best_epoch").get<std::int64_t>();
    scores.seconds = summary.at("seconds").at("total").get<double>();
    scores.peak_memory_mb = summary.at("peak_memory_mb").get<double>();
    return scores;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(
        fmt::format("{}: is no summary of a run: {}. Remove the run directory and run the batch "
                    "again.",
                    file.string(), error.what()));
  }
}

std::vector<EpochScore> read_epoch_scores(const std::filesystem::path& run_directory) {
  const auto file = run_directory / run_file::kMetrics;
  std::vector<EpochScore> scores;
  if (!is_file(file)) return scores;
  std::istringstream lines(read_file(file));
  try {
    for (std::string line; std::getline(lines, line);) {
      if (lines.eof()) break;  // a run that was killed did not end this line
      const auto epoch = nlohmann::json::parse(line);
      const std::string key = score_key(epoch, "val_");
      scores.push_back({key, number_or(epoch.at("val_" + key), -kInfinity),
                        number_or(epoch.at("val_loss"), kInfinity)});
    }
    return scores;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format(
        "{}:{}: is no line of metrics: {}. Remove the run directory and run the batch again.",
        file.string(), scores.size() + 1, error.what()));
  }
}

std::string score_text(const std::string& score, double value) {
  if (score == "top1") return fmt::format("accuracy {:.2f} %", 100 * value);
  return fmt::format("{} {:.4f}", score == "map" ? "mAP" : "R²", value);
}

}  // namespace transfer
