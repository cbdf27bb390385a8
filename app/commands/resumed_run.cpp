#include "app/commands/resumed_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/commands/train_in.h"
#include "app/runs/data_record.h"
#include "core/atomic_file.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/messages.h"
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

/// Whether the flags or --set give that key.
bool gives_key(const ConfigSources& given, const std::string& key) {
  return std::any_of(given.flags.begin(), given.flags.end(),
                     [&key](const auto& flag) { return flag.first == key; }) ||
         std::any_of(given.settings.begin(), given.settings.end(),
                     [&key](const std::string& setting) { return setting.starts_with(key + "="); });
}

/// Throws ConfigError for settings that --resume does not take.
void refuse_other_settings(const ConfigSources& given) {
  static const std::vector<std::string> keys = {"device",       "threads",         "data.path",
                                                "data.workers", "trust",           "trust_file",
                                                "train.epochs", "train.time_limit"};
  const auto is_taken = [](const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  const bool takes_flags = std::all_of(given.flags.begin(), given.flags.end(),
                                       [&](const auto& flag) { return is_taken(flag.first); });
  const bool takes_settings =
      std::all_of(given.settings.begin(), given.settings.end(), [](const std::string& setting) {
        return setting.starts_with("train.epochs=") || setting.starts_with("train.time_limit=");
      });
  if (takes_flags && takes_settings && given.files.empty() && given.preset.empty()) return;
  throw ConfigError(
      "--resume takes the settings from the run's own config.yaml. Leave out the other flags "
      "(--device, --threads, --workers, --trust, --trust-file, --time-limit, --epochs and --data, "
      "if the images have moved, may stay), or start a new run.");
}

/// The `train.epochs` given with --resume; 0 where none is.
std::int64_t further_epochs(const ConfigSources& given) {
  if (!gives_key(given, "train.epochs")) return 0;
  ConfigSources epochs;
  epochs.settings = given.settings;
  for (const auto& flag : given.flags) {
    if (flag.first == "train.epochs") epochs.flags.push_back(flag);
  }
  return resolve_config(epochs, strategy_choices()).train.epochs;
}

/// Prepares a resumed run. Where its data has gone, the message says how to name its new place.
Preparation prepare_again(const Config& config, const std::shared_ptr<ProcessGroup>& group,
                          const TrainOptions& options) {
  try {
    return prepare(config, group);
  } catch (const DataError& error) {
    if (is_folder(config.data.path) || is_file(config.data.path)) throw;
    throw DataError(
        fmt::format("{} If it has moved, name its new place: transfer --resume {} "
                    "--data PATH",
                    error.what(), shell_word(options.resume)));
  }
}

/// Whether the run ended since its time was up, with a checkpoint from which it can train on.
bool was_stopped_by_time(const RunDirectory& run) {
  if (!is_file(run.checkpoint()) || !is_file(run.file(run_file::kSummary))) return false;
  const auto summary = nlohmann::json::parse(finished_summary(run));
  return summary.value("ended_by", "") == name_of(TrainingEnd::kTimeLimit);
}

/// The run's own configuration, with the device, the threads and the epochs of the flags.
Config resumed_config(const TrainOptions& options, const RunDirectory& run) {
  ConfigSources sources = options.sources;
  sources.files = {run.file(run_file::kConfig)};
  Config config = resolve_config(sources, strategy_choices());
  if (!config.members.empty()) {
    throw ConfigError(fmt::format(
        "{}: joins {} models, so there is nothing to resume. Repeat it with: {}", options.resume,
        config.members.size(), train_again_command(run.path())));
  }
  if (was_stopped_by_time(run)) config.train.stop_batch = 0;
  if (config.strategy == kAutoStrategy) {
    throw ConfigError(
        fmt::format("{}: was stopped before a strategy was chosen, so there is nothing to resume. "
                    "Start it again with --strategy auto --overwrite.",
                    options.resume));
  }
  return config;
}

/// The configuration that the run keeps: with the new place of the data and the epochs, without the
/// machine's flags and the time limit of this time.
Config config_to_keep(const TrainOptions& options, const RunDirectory& run) {
  TrainOptions lasting = options;
  std::erase_if(lasting.sources.flags, [](const auto& flag) {
    return flag.first != "data.path" && flag.first != "train.epochs";
  });
  std::erase_if(lasting.sources.settings, [](const std::string& setting) {
    return setting.starts_with("train.time_limit=");
  });
  return resumed_config(lasting, run);
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
  throw ModelError(
      fmt::format("{}: is missing, though {} trained, so the run cannot be resumed. Put the file "
                  "back, or train from the start: {}",
                  run.checkpoint().string(),
                  epochs == 1 ? "1 epoch was" : fmt::format("{} epochs were", epochs),
                  train_again_command(run.path())));
}

void require_further_epochs(const Config& config, const RunDirectory& run, std::int64_t trained) {
  const std::string path = shell_word(run.path().string());
  if (find_strategy(config.strategy).trunk_is_frozen) {
    throw ConfigError(
        config.train.optimizer == Optimizer::kLbfgs
            ? fmt::format("train.epochs: the run {} has none: the strategy {} has fitted its head "
                          "by lbfgs. Leave it out.",
                          path, config.strategy)
            : fmt::format("train.epochs: a head on frozen features trains from the start, in "
                          "seconds: transfer --config {}/config.yaml --epochs {} --output {} "
                          "--overwrite",
                          path, config.train.epochs, path));
  }
  if (config.train.epochs > trained) return;
  throw ConfigError(fmt::format(
      "train.epochs: found {}, but the run {} has trained {}. Expected more than {}.",
      config.train.epochs, path, count_text(static_cast<std::size_t>(trained), "epoch"), trained));
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

int resume_run(const TrainOptions& options, const std::shared_ptr<ProcessGroup>& group) {
  const Stopwatch since_start;
  refuse_other_settings(options.sources);
  const std::int64_t epochs = further_epochs(options.sources);
  RunDirectory run = on_rank_0(*group, [&] { return RunDirectory::open(options.resume); });
  const Config config = resumed_config(options, run);
  run.show_in_tensorboard(config.report.tensorboard);
  RunSpan span{.resumes = true, .pause_after = options.pause_after, .since_start = since_start};
  if (epochs > 0) span.config_to_keep = config_to_keep(options, run);
  const bool moved = gives_key(options.sources, "data.path");
  if (is_file(run.file(run_file::kSummary)) && !was_stopped_by_time(run)) {
    const std::string summary = finished_summary(run);
    if (group->is_rank0())
      run.remove_checkpoints();  // left by a run that ended in writing its summary
    if (epochs == 0) {
      note("{}: this run is finished; there is nothing to resume.{}", options.resume,
           find_strategy(config.strategy).trunk_is_frozen ? ""
                                                          : " To train further, add --epochs N.");
      if (options.json) fmt::print("{}", summary);
      return 0;
    }
    span.finished = finished_run(run, summary);
    require_further_epochs(config, run, span.finished->epochs);
  } else if (epochs > 0) {
    require_further_epochs(config, run, count_epochs(run));
  }
  if (!span.finished) require_checkpoint(config, run);
  const Preparation preparation = prepare_again(config, group, options);
  if (span.finished || is_file(run.checkpoint())) {
    require_same_data(preparation, run);
    require_same_teacher(preparation, run);
  }
  if (moved && epochs == 0) run.write_config(config_to_keep(options, run));
  train_in(preparation, run, span, options.json);
  return 0;
}

}  // namespace transfer
