#include "app/commands/resumed_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/run_files.h"
#include "core/run_format.h"
#include "core/shell_word.h"
#include "core/split_text.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// What to do about a run whose summary.json cannot be read.
std::string train_again(const RunDirectory& run) {
  return "Train again: " + train_again_command(run.path());
}

}  // namespace

std::int64_t count_epochs(const RunDirectory& run) {
  const auto file = run.file(run_file::kMetrics);
  const std::string text = is_file(file) ? read_file(file) : "";
  const auto lines = split_text(text, '\n');
  return std::count_if(lines.begin(), lines.end(), [](std::string_view line) {
    return epoch_of_line(line).value_or(0) > 0;  // epoch 0 is the start
  });
}

void require_checkpoint(const Config& config, const RunDirectory& run) {
  const std::int64_t epochs = count_epochs(run);
  if (find_strategy(config.strategy).trunk_is_frozen || epochs == 0) return;
  if (is_file(run.checkpoint())) return;
  throw ModelError(fmt::format(
      "{}: is missing, though {} epochs were trained, so the run cannot be resumed. Put the file "
      "back, or train from the start: {}",
      run.checkpoint().string(), epochs, train_again_command(run.path())));
}

void require_further_epochs(const Config& config, const RunDirectory& run, std::int64_t trained) {
  const std::string path = shell_word(run.path().string());
  if (find_strategy(config.strategy).trunk_is_frozen) {
    throw ConfigError(
        config.train.optimizer == Optimizer::kLbfgs
            ? fmt::format("train.epochs: the run {} has none: the strategy {} has fitted its head "
                          "by lbfgs. Leave it out.",
                          path, config.strategy)
            : fmt::format(
                  "train.epochs: a head on frozen features trains from the start, in "
                  "seconds: transfer --config {}/config.yaml --set train.epochs={} --out {} "
                  "--overwrite",
                  path, config.train.epochs, path));
  }
  if (config.train.epochs > trained) return;
  throw ConfigError(fmt::format(
      "train.epochs: found {}, but the run {} has trained {} epochs. Expected more than {}.",
      config.train.epochs, path, trained, trained));
}

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
