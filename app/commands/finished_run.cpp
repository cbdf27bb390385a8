#include "app/commands/finished_run.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/run_files.h"
#include "core/run_format.h"

namespace transfer {
namespace {

/// What to do about a run whose summary.json cannot be read.
std::string train_again(const RunDirectory& run) {
  return fmt::format("Train again: transfer --config {0}/config.yaml --out {0} --overwrite",
                     run.path().string());
}

}  // namespace

std::string finished_summary(const RunDirectory& run) {
  const auto file = run.file(run_file::kSummary);
  std::string text = read_file(file);
  const auto document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    throw DataError(
        fmt::format("{}: is not the summary of a run. {}", file.string(), train_again(run)));
  }
  require_run_format(document, file, train_again(run));
  return text;
}

FinishedRun finished_run(const RunDirectory& run, const std::string& summary) {
  try {
    const auto document = nlohmann::json::parse(summary);
    const auto& seconds = document.at("seconds");
    return {document.at("epochs").get<std::int64_t>(),
            document.at("best_epoch").get<std::int64_t>(),
            {seconds.at("total").get<double>(), seconds.at("extract").get<double>(),
             seconds.at("train").get<double>()}};
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}: is not the summary of a run: {}. {}",
                                run.file(run_file::kSummary).string(), error.what(),
                                train_again(run)));
  }
}

}  // namespace transfer
