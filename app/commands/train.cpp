#include "app/commands/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "app/advice/advised_config.h"
#include "app/advice/measured_advice.h"
#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/commands/help_text.h"
#include "app/commands/resumed_run.h"
#include "app/compute/gpu_memory.h"
#include "app/compute/process_group.h"
#include "app/report/provenance.h"
#include "app/runs/data_record.h"
#include "app/runs/fine_tune_run.h"
#include "app/runs/frozen_features_run.h"
#include "app/runs/run_record.h"
#include "core/atomic_file.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/messages.h"
#include "core/run_files.h"
#include "core/shell_word.h"
#include "core/standard_streams.h"
#include "core/stopwatch.h"
#include "core/visible_text.h"
#include "models/strategy.h"

namespace transfer {
namespace {

Summary run_strategy(const Preparation& preparation, const RunDirectory& run, const RunSpan& span,
                     StageProbes known) {
  if (find_strategy(preparation.config.strategy).trunk_is_frozen) {
    run.keep_metrics(0);
    return run_on_frozen_features(preparation, run, std::move(known));
  }
  return run_fine_tuning(preparation, run, span, known);
}

/// The run directory that rank 0 makes or opens by `make`.
template <typename Make>
RunDirectory on_rank_0(ProcessGroup& group, const Make& make) {
  if (!group.is_rank0()) return RunDirectory::of_other_process(broadcast_text(group, ""));
  RunDirectory run = make();
  broadcast_text(group, run.path().string());
  return run;
}

/// Writes summary.json last. Returns what the user is to read on stdout.
std::string write_results(Summary summary, const Preparation& p, const RunDirectory& run,
                          const Stopwatch& since_start, bool json) {
  if (is_file(run.file(run_file::kAdvice))) summary.advice = read_file(run.file(run_file::kAdvice));
  summary.peak_memory_mb = peak_memory_mb();
  if (const auto bytes = peak_gpu_memory_bytes(p.device)) {
    summary.peak_gpu_memory_mb = static_cast<double>(*bytes) / (1 << 20);
  }
  summary.data_sha256 = data_sha256(p, run);
  summary.provenance = provenance_of_now(p.device);
  summary.seconds_total += since_start.seconds();
  run.show_results(summary.epochs, summary.pictures);
  write_file_atomically(run.file(run_file::kSummary), to_json(summary));
  run.remove_checkpoints();
  return json ? to_json(summary) : visible_lines(to_text(summary));
}

/// What a stopped run leaves, for the message. A run that stops because nobody reads its output has
/// nobody to tell either, so one without a finished epoch is removed.
std::string what_is_left(const RunDirectory& run, const RunSpan& span, int signal) {
  const std::string path = shell_word(run.path().string());
  if (signal == SIGPIPE && !span.resumes && count_epochs(run) == 0) {
    run.discard();
    return fmt::format("The run directory {} is removed, since no epoch was finished", path);
  }
  const bool has_model = is_file(run.file(run_file::kModel));
  return fmt::format("{}. Resume with: transfer --resume {}",
                     has_model ? "model.pt is that of before" : "No model was written", path);
}

/// Trains, writes summary.json last, and prints the result.
void train_in(const Preparation& preparation, const RunDirectory& run, const RunSpan& span,
              bool json, StageProbes known = {}) {
  std::string results;
  try {
    Summary summary = run_strategy(preparation, run, span, std::move(known));
    if (preparation.group->is_rank0()) {
      results = write_results(std::move(summary), preparation, run, span.since_start, json);
    }
    preparation.group->wait_for_all();
  } catch (const Interrupted& stop) {
    throw Interrupted(fmt::format("{}. {}", stop.what(), what_is_left(run, span, stop.signal())),
                      stop.signal());
  } catch (...) {
    // Only a run that can be resumed stays, and one that was there before.
    const bool is_finished = is_file(run.file(run_file::kSummary));
    if (!span.resumes && !is_finished && !is_file(run.checkpoint())) run.discard();
    throw;
  }
  fmt::print("{}", results);  // a stdout that is full or closed does no harm to the run
}

/// The `train.epochs` that --set gives with --resume; 0 where it gives none. Throws ConfigError for
/// anything else that --resume does not take.
std::int64_t further_epochs(const TrainOptions& options) {
  const ConfigSources& given = options.sources;
  const bool only_machine_flags =
      std::all_of(given.flags.begin(), given.flags.end(), [](const auto& flag) {
        return flag.first == "device" || flag.first == "threads" || flag.first == "data.path" ||
               flag.first.starts_with("trust");
      });
  const bool only_epochs =
      std::all_of(given.settings.begin(), given.settings.end(),
                  [](const std::string& setting) { return setting.starts_with("train.epochs="); });
  if (!only_machine_flags || !only_epochs || !given.files.empty() || !given.preset.empty()) {
    throw ConfigError(
        "--resume takes the settings from the run's own config.yaml. Leave out the other flags "
        "(--device, --threads, --trust, --trust-file, --set train.epochs=N and --data, if the "
        "images have moved, may stay), "
        "or start a new run.");
  }
  if (given.settings.empty()) return 0;
  ConfigSources epochs;
  epochs.settings = given.settings;
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

/// The run's own configuration, with the device, the threads and the epochs of the flags.
Config resumed_config(const TrainOptions& options, const RunDirectory& run) {
  ConfigSources sources = options.sources;
  sources.files = {run.file(run_file::kConfig)};
  Config config = resolve_config(sources, strategy_choices());
  if (config.strategy == kAutoStrategy) {
    throw ConfigError(
        fmt::format("{}: was stopped before a strategy was chosen, so there is nothing to resume. "
                    "Start it again with --strategy auto --overwrite.",
                    options.resume));
  }
  return config;
}

/// The configuration that the run keeps: with the new place of the data, without the machine's
/// flags of this time.
Config config_to_keep(const TrainOptions& options, const RunDirectory& run) {
  TrainOptions lasting = options;
  std::erase_if(lasting.sources.flags, [](const auto& flag) { return flag.first != "data.path"; });
  return resumed_config(lasting, run);
}

int resume(const TrainOptions& options, const std::shared_ptr<ProcessGroup>& group) {
  const Stopwatch since_start;
  const std::int64_t epochs = further_epochs(options);
  RunDirectory run = on_rank_0(*group, [&] { return RunDirectory::open(options.resume); });
  const Config config = resumed_config(options, run);
  run.show_in_tensorboard(config.report.tensorboard);
  RunSpan span{.resumes = true, .pause_after = options.pause_after, .since_start = since_start};
  if (epochs > 0) span.config_to_keep = config_to_keep(options, run);
  const bool moved = std::any_of(options.sources.flags.begin(), options.sources.flags.end(),
                                 [](const auto& flag) { return flag.first == "data.path"; });
  if (is_file(run.file(run_file::kSummary))) {
    const std::string summary = finished_summary(run);
    if (group->is_rank0())
      run.remove_checkpoints();  // left by a run that ended in writing its summary
    if (epochs == 0) {
      note("{}: this run is finished; there is nothing to resume.{}", options.resume,
           find_strategy(config.strategy).trunk_is_frozen
               ? ""
               : " To train further, add --set train.epochs=N.");
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
  if (span.finished || is_file(run.checkpoint())) require_same_data(preparation, run);
  if (moved && epochs == 0) run.write_config(config_to_keep(options, run));
  train_in(preparation, run, span, options.json);
  return 0;
}

/// Measures which strategy suits the data, records which and why, and trains with it.
int run_chosen_strategy(const TrainOptions& options, const Stopwatch& since_start) {
  Preparation preparation = prepare(resolve_for_advice(options.sources));
  const RunDirectory run = RunDirectory::create(preparation.config);
  MeasuredAdvice measured;
  try {
    measured = take_advice(preparation, options.sources,
                           feature_store_folder(preparation.config, run), since_start);
    check_optimizer(measured.config);
    measured.config.data.sample_range = preparation.config.data.sample_range;
    check_batches_of_one(measured.config, preparation.backbone,
                         static_cast<std::int64_t>(preparation.dataset.train.size()));
    write_file_atomically(run.file(run_file::kAdvice), to_json(measured.advice));
    run.write_config(measured.config);
  } catch (...) {
    run.discard();
    throw;
  }
  write_to_stderr(visible_lines(to_text(measured.advice)));
  warn_of_unused_settings(measured.config);
  preparation.config = measured.config;
  train_in(preparation, run, {.since_start = since_start}, options.json,
           std::move(measured.probes));
  return 0;
}

std::string strategies_text() {
  std::string text = "Which layers train.";
  for (const Strategy& s : list_strategies()) text += fmt::format(" {}: {}.", s.name, s.summary);
  return text + fmt::format(" {}: one of them, chosen by measuring.", kAutoStrategy);
}

CommandRun add_train_flags(CLI::App& parser) {
  auto options = std::make_shared<TrainOptions>();
  ConfigSources& sources = options->sources;
  parser.footer(examples_and_exit_codes());
  add_key_flag(parser, sources, "strategy", strategies_text());
  add_config_flags(parser, sources);
  add_key_flag(parser, sources, "out", "The run directory; default runs/TIME-DATA-STRATEGY");
  add_machine_key_flags(parser, sources);
  add_key_flag(parser, sources, "augment.views", "Augmented copies of each training image");
  add_key_flag(parser, sources, "overwrite", "Replace the files of an existing run directory");
  add_key_flag(parser, sources, "cut",
               "Stage whose output early-features takes; default: the best by probing");
  add_key_flag(parser, sources, "train.from_scratch",
               "Draw every weight anew before training (with retrain or fine-tune)");
  add_key_flag(parser, sources, "report.tensorboard",
               "Folder for event files of TensorBoard, one subfolder per run");
  parser.add_option("--resume", options->resume,
                    "Resume a stopped run; no other flag is needed. --set train.epochs=N trains a "
                    "finished one further");
  parser.add_flag("--print-config", options->print_config, "Show the resolved settings and stop");
  parser.add_flag("--json", options->json, "Print summary.json instead of text");
  return [options](const auto& group) { return run_train(*options, group); };
}

}  // namespace

Command train_command() {
  return {"train", "Train a new head on a pretrained backbone (default)", add_train_flags,
          /*runs_in_group=*/true};
}

int run_train(const TrainOptions& options, const std::shared_ptr<ProcessGroup>& group) {
  if (!options.resume.empty()) return resume(options, group);
  const Stopwatch since_start;
  Config config = resolve_config(options.sources, strategy_choices());
  check_optimizer(config);
  if (options.print_config) {
    fmt::print("{}", to_yaml(config));
    return 0;
  }
  if (config.strategy == kAutoStrategy) {
    if (group->size() == 1) return run_chosen_strategy(options, since_start);
    throw ConfigError(
        "--strategy auto measures in one process. Run transfer advise first, and start several "
        "processes with the command that it prints.");
  }
  const Preparation preparation = prepare(config, group);
  config.data.sample_range = preparation.config.data.sample_range;
  const RunDirectory run = on_rank_0(*group, [&] { return RunDirectory::create(config); });
  train_in(preparation, run, {.pause_after = options.pause_after, .since_start = since_start},
           options.json);
  return 0;
}

}  // namespace transfer
