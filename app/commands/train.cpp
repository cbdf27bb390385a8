#include "app/commands/train.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/advice/advised_config.h"
#include "app/advice/measured_advice.h"
#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/commands/given_members.h"
#include "app/commands/planned_run.h"
#include "app/commands/print_config.h"
#include "app/commands/resumed_run.h"
#include "app/commands/train_in.h"
#include "app/preparation/backbone_choice.h"
#include "app/runs/run_plan.h"
#include "app/runs/run_record.h"
#include "configs/key_flags.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/run_files.h"
#include "core/split_text.h"
#include "core/stopwatch.h"
#include "core/visible_text.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// Measures which strategy suits the data, records which and why, and trains with it.
void run_chosen_strategy(const TrainOptions& options, const Stopwatch& since_start) {
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
  const std::string advice = to_text(measured.advice);
  for (const std::string_view line : split_text(advice, '\n')) {
    if (!line.empty()) note("{}", line);
  }
  warn_of_unused_settings(measured.config);
  preparation.config = measured.config;
  train_in(preparation, run, {.since_start = since_start}, options.json,
           std::move(measured.probes));
}

/// The run directory of --name. Throws ConfigError for what is not the name of a folder.
std::string named_run(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..") {
    throw ConfigError(fmt::format(
        "--name '{}': expected the name of a folder below runs/, without a slash. --output takes "
        "any path.",
        name));
  }
  return "runs/" + name;
}

/// Checks everything that the run needs and prints what it would do.
int run_dry(const TrainOptions& options, const Config& given) {
  checked_members(given);
  const Config config =
      given.strategy == kAutoStrategy ? resolve_for_advice(options.sources) : given;
  require_exported(config);
  const Preparation preparation = prepare(config);
  const RunPlan plan = plan_run(preparation, RunDirectory::planned(config));
  fmt::print("{}", options.json ? to_json(plan) : to_text(plan));
  if (is_planned(given)) note("a plan repeats such a pass for each candidate, see docs/quality.md");
  return 0;
}

std::string strategies_text() {
  std::string text = "Which layers train.";
  for (const Strategy& s : list_strategies()) text += fmt::format(" {}: {}.", s.name, s.summary);
  return text + fmt::format(" {}: one of them, chosen by measuring.", kAutoStrategy);
}

/// Flags that say where a run writes.
void add_output_flags(CLI::App& parser, TrainOptions& options) {
  auto* output = parser.add_option_function<std::string>(
      "--output",
      [&options](const std::string& folder) { options.sources.flags.emplace_back("out", folder); },
      "The run directory; without it runs/TIME-DATA-STRATEGY [out]");
  output->type_name(placeholder_of_key("out"))
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  parser
      .add_option_function<std::string>(
          "--name",
          [&options](const std::string& name) {
            options.sources.flags.emplace_back("out", named_run(name));
          },
          "The run directory is runs/NAME")
      ->type_name("NAME")
      ->excludes(output);
  add_key_flag(parser, options.sources, "overwrite",
               "Replace the files of an existing run directory");
  parser
      .add_option("--resume", options.resume,
                  "Resume a stopped run; no other flag is needed, and --device and --threads may "
                  "be given. --epochs N trains a finished one further")
      ->type_name("FOLDER");
}

CommandRun add_train_flags(CLI::App& parser) {
  auto options = std::make_shared<TrainOptions>();
  ConfigSources& sources = options->sources;
  add_key_flag(parser, sources, "strategy", strategies_text());
  add_key_flag(parser, sources, "quality",
               "How much to try before training: fast (one pass of the frozen network), balanced "
               "(also image fit and size) or best (also other backbones, several models together)");
  add_config_flags(parser, sources);
  add_step_key_flags(parser, sources);
  add_batch_size_flag(parser, sources);
  add_key_flag(parser, sources, "train.time_limit",
               "Time after which training stops, such as 90s, 30m or 2h, with the best weights so "
               "far; with --strategy auto or --quality it is planned for; 0: none");
  add_key_flag(parser, sources, "augment.views", "Augmented copies of each training image");
  add_key_flag(parser, sources, "cut",
               "Stage whose output early-features takes; without it the best by probing");
  add_key_flag(parser, sources, "train.from_scratch",
               "Draw every weight anew before training (with retrain or fine-tune)");
  add_key_flag(parser, sources, "train.calibrate",
               "Whether model.pt calibrates its probabilities on validation images: auto (where "
               "that lowers their loss), on or off");
  add_key_flag(parser, sources, "train.teacher",
               "Trained model of the same classes that the network learns from (with retrain or "
               "fine-tune): a run directory, a model.pt or an ensemble");
  add_output_flags(parser, *options);
  add_key_flag(parser, sources, "report.tensorboard",
               "Folder for event files of TensorBoard, one subfolder per run");
  add_machine_key_flags(parser, sources);
  parser.add_flag("--print-config", options->print_config,
                  "Show every setting, with its meaning and origin, as YAML, and stop");
  parser
      .add_flag("--dry-run", options->dry_run,
                "Check data, backbone, memory, disk and time, say what would be done, and write "
                "nothing")
      ->excludes(parser.get_option("--resume"));
  parser.add_flag("--json", options->json, "Print summary.json instead of text");
  return [options](const auto& group) { return run_train(*options, group); };
}

}  // namespace

Command train_command() {
  return {"train", "Train a new head on a pretrained backbone (default)", add_train_flags,
          /*runs_in_group=*/true};
}

int run_train(const TrainOptions& options, const std::shared_ptr<ProcessGroup>& group) {
  if (!options.resume.empty()) return resume_run(options, group);
  const Stopwatch since_start;
  KeyOrigins origins;
  Config config = resolve_config(options.sources, strategy_choices(), &origins);
  check_optimizer(config);
  if (options.print_config) {
    fmt::print("{}", annotated_yaml(config, origins));
    return 0;
  }
  if (options.dry_run) return group->is_rank0() ? run_dry(options, config) : 0;
  if (config.strategy == kAutoStrategy) {
    if (group->size() > 1) {
      throw ConfigError(
          "--strategy auto, --quality and members take one process. Run transfer advise first, and "
          "start several processes with the command that it prints.");
    }
    if (is_planned(config)) {
      run_planned(options, config, origins, since_start);
    } else if (!config.members.empty()) {
      run_members(options, config, since_start);
    } else {
      run_chosen_strategy(options, since_start);
    }
    return 0;
  }
  const Preparation preparation = prepare(config, group);
  config.data.sample_range = preparation.config.data.sample_range;
  const RunDirectory run = on_rank_0(*group, [&] { return RunDirectory::create(config); });
  train_in(preparation, run, {.pause_after = options.pause_after, .since_start = since_start},
           options.json);
  return 0;
}

}  // namespace transfer
