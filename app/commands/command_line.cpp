#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <iostream>

#include "app/commands/batch_flags.h"
#include "app/commands/commands.h"
#include "app/commands/completion.h"
#include "app/commands/config.h"
#include "app/commands/flag_checks.h"
#include "app/commands/renamed_flags.h"
#include "app/compute/process_group.h"
#include "core/errors.h"
#include "core/nearest_name.h"
#include "models/strategy.h"

namespace transfer {
namespace {

constexpr std::array kCommands = {"train",   "evaluate", "predict",   "inspect",
                                  "preview", "lr-find",  "advise",    "batch",
                                  "cache",   "config",   "completion"};

constexpr const char* kExamples = R"(
Examples:
  transfer --strategy freeze-conv --data pets        train on pets/{train,val}/CLASS/*.jpg
  transfer --data pets --augment-views 4 --seed 3    with four augmented copies of each image
  transfer --data pets --set train.optimizer=adamw --set train.lr=0.01
  transfer --strategy fine-tune --data pets --set train.epochs=20
  transfer --task regression --data fruit.csv        predict numbers: path,weight,height[,split]
  transfer advise --data pets                        which strategy, why, and how long each takes
  transfer --strategy auto --data pets               the same, and go on with that strategy
  transfer --resume runs/x                           go on with a run that was stopped
  transfer --backbone flatten --data mnist --set 'head.hidden=[512, 256]'
  transfer --data pets --print-config                show every setting and stop
  transfer config train.lr                           explain a setting; without a key, list all
  transfer evaluate --model runs/x/model.pt --data pets
  transfer predict --model runs/x/model.pt photo.jpg more/ --top 3 --format csv
  transfer inspect --backbone efficientnet-lite0
  transfer lr-find --data pets                       suggest a learning rate for fine-tune
  transfer preview --data pets --augment standard --file preview.png
  transfer batch jobs.yaml --out runs/study --jobs 2 many jobs; run again, it goes on
  transfer batch jobs.yaml --out runs/study --launcher slurm --dry-run
  transfer cache prune runs/study/feature-store --unused-days 30

`train` is the default command; `transfer COMMAND --help` shows its flags.
)";

std::string strategies_text() {
  std::string text = "Which layers train.";
  for (const Strategy& s : list_strategies()) text += fmt::format(" {}: {}.", s.name, s.summary);
  return text + fmt::format(" {}: one of them, chosen by measuring.", kAutoStrategy);
}

/// A flag that sets a key of the configuration.
void add_key_flag(CLI::App& command, ConfigSources& sources, const std::string& flag,
                  const std::string& key, const std::string& help) {
  command
      .add_option_function<std::string>(
          flag,
          [&sources, key](const std::string& value) { sources.flags.emplace_back(key, value); },
          help + " [" + key + "]")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void add_config_flags(CLI::App& command, ConfigSources& sources) {
  add_key_flag(
      command, sources, "--data", "data.path",
      "Folder {train,val[,test]}/CLASS/* or CLASS/*, a CSV path,label[,split], or a folder of "
      "IDX files");
  add_key_flag(command, sources, "--task", "task",
               "classification (default), or regression: numbers from a CSV path,NUMBER,…[,split]");
  add_key_flag(command, sources, "--backbone", "backbone",
               "TorchScript file, exported name, or flatten (pixels, no file)");
  add_key_flag(command, sources, "--seed", "seed", "Seed of everything random");
  add_key_flag(command, sources, "--augment", "augment.preset", "none, light, standard, strong");
  command.add_option("--preset", sources.preset,
                     "Settings under presets/; default: the strategy's own");
  command.add_option("--config", sources.files, "YAML file with settings; wins over the preset");
  command.add_option("--set", sources.settings, "KEY=VALUE; wins over files")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_device_flags(CLI::App& command, std::string& device, std::int64_t& threads) {
  command.add_option("--device", device, "auto, cpu, cuda or cuda:N");
  command.add_option("--threads", threads, "Threads for arithmetic; 0 is all cores")
      ->transform(whole_number(0, 4096));
}

void add_train(CLI::App& app, TrainOptions& options) {
  auto* command =
      app.add_subcommand("train", "Train a new head on a pretrained backbone (default)");
  command->footer(kExamples + exit_codes_text());
  ConfigSources& sources = options.sources;
  add_key_flag(*command, sources, "--strategy", "strategy", strategies_text());
  add_config_flags(*command, sources);
  add_key_flag(*command, sources, "--out", "out",
               "The run directory; default runs/TIME-DATA-STRATEGY");
  add_key_flag(*command, sources, "--device", "device", "auto, cpu, cuda or cuda:N");
  add_key_flag(*command, sources, "--threads", "threads", "Threads; 0 is all cores");
  add_key_flag(*command, sources, "--augment-views", "augment.views",
               "Augmented copies of each training image");
  command->add_flag_callback(
      "--overwrite", [&sources] { sources.flags.emplace_back("overwrite", "true"); },
      "Replace the files of an existing run directory");
  add_key_flag(*command, sources, "--cut", "cut",
               "Stage whose output early-features takes; default: the best by probing");
  command->add_flag_callback(
      "--from-scratch", [&sources] { sources.flags.emplace_back("train.from_scratch", "true"); },
      "Draw every weight anew before training (with retrain or fine-tune)");
  command->add_option("--resume", options.resume,
                      "Go on with a stopped run; no other flag is needed");
  command->add_flag("--print-config", options.print_config, "Show the resolved settings and stop");
  command->add_flag("--json", options.json, "Print summary.json instead of text");
}

void add_others(CLI::App& app, EvaluateOptions& evaluate, PredictOptions& predict,
                InspectOptions& inspect, PreviewOptions& preview) {
  auto* command = app.add_subcommand("evaluate", "Measure a trained model on labelled images");
  command->add_option("--model", evaluate.model, "model.pt of a run directory")->required();
  command->add_option("--data", evaluate.data, "Labelled images, as for train")->required();
  command->add_option("--split", evaluate.split, "train, val or test; default test, else val")
      ->check(one_of({"train", "val", "test"}));
  add_device_flags(*command, evaluate.device, evaluate.threads);
  command->add_option("--top-k", evaluate.top_k, "K of top-K accuracy")
      ->transform(whole_number(1, 1'000'000));
  command->add_flag("--json", evaluate.json, "JSON on stdout");

  command = app.add_subcommand("predict", "Classify images with a trained model");
  command->add_option("--model", predict.model, "model.pt of a run directory")->required();
  command->add_option("paths", predict.paths, "Files, folders, or - for a list on stdin")
      ->required();
  command->add_option("--top", predict.top, "Classes an image, the likeliest first")
      ->transform(whole_number(1, 1'000'000));
  command->add_option("--format", predict.format, "text, csv or json")
      ->check(one_of({"text", "csv", "json"}));
  add_device_flags(*command, predict.device, predict.threads);

  command = app.add_subcommand("inspect", "Show a backbone's source, preprocessing and stages");
  command->add_option("--backbone", inspect.backbone, "TorchScript file or exported name")
      ->required();
  command->add_flag("--json", inspect.json, "JSON on stdout");

  command = app.add_subcommand("preview", "Write a contact sheet of what the network will see");
  add_config_flags(*command, preview.sources);
  command->add_option("--file", preview.file, "PNG to write")->capture_default_str();
  command->add_option("--images", preview.images, "Rows of the sheet")
      ->transform(whole_number(1, 100));
  command->add_option("--views", preview.views, "Augmented copies a row")
      ->transform(whole_number(0, 50));
}

void add_lr_find(CLI::App& app, LrFindOptions& options) {
  auto* command = app.add_subcommand(
      "lr-find", "Train a few steps at growing learning rates and suggest train.lr");
  add_key_flag(*command, options.sources, "--strategy", "strategy", "fine-tune (default), retrain");
  add_config_flags(*command, options.sources);
  add_key_flag(*command, options.sources, "--device", "device", "auto, cpu, cuda or cuda:N");
  add_key_flag(*command, options.sources, "--threads", "threads", "Threads; 0 is all cores");
  command->add_option("--file", options.file, "Writes FILE.csv and FILE.png")
      ->capture_default_str();
  command->add_option("--steps", options.steps, "Training steps")
      ->transform(whole_number(10, 10000));
  command->add_flag("--json", options.json, "JSON on stdout");
}

void add_advise(CLI::App& app, AdviseOptions& options) {
  auto* command = app.add_subcommand(
      "advise", "Measure which strategy suits the data, and say why and how long each would take");
  add_config_flags(*command, options.sources);
  add_key_flag(*command, options.sources, "--device", "device", "auto, cpu, cuda or cuda:N");
  add_key_flag(*command, options.sources, "--threads", "threads", "Threads; 0 is all cores");
  command->add_flag("--json", options.json, "JSON on stdout");
}

/// The innermost command that was named.
const CLI::App* innermost(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return command;
}

/// Names the nearest flag for one that does not exist.
std::string explain_unknown(const CLI::App& app, const std::string& message) {
  const auto dashes = message.find("--");
  if (dashes == std::string::npos) return message;
  const std::string flag = message.substr(dashes, message.find_first_of(" =,]", dashes) - dashes);
  std::vector<std::string> known;
  const CLI::App* command = innermost(app);
  for (const CLI::Option* option : command->get_options()) {
    for (const auto& name : option->get_lnames()) known.push_back("--" + name);
  }
  if (std::find(known.begin(), known.end(), flag) != known.end()) return message;
  return fmt::format("unknown flag '{}'{}", flag, suggestion(flag, known));
}

/// The arguments with `train` put in where no command is named.
std::vector<std::string> with_default_command(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto is_command = [](const std::string& text) {
    return std::find(kCommands.begin(), kCommands.end(), text) != kCommands.end();
  };
  const bool is_global = !arguments.empty() && (arguments[0] == "--version");
  if (!arguments.empty() && !arguments[0].starts_with("-") && !is_command(arguments[0])) {
    throw ConfigError(fmt::format("unknown command '{}'{}", arguments[0],
                                  suggestion(arguments[0], {kCommands.begin(), kCommands.end()})));
  }
  if (!is_global && (arguments.empty() || !is_command(arguments[0]))) {
    arguments.insert(arguments.begin(), "train");
  }
  return arguments;
}

}  // namespace

int run_command_line(int argc, const char* const* argv,
                     const std::shared_ptr<ProcessGroup>& group) {
  CLI::App app("Transfer learning from a folder of images and a pretrained CNN.", "transfer");
  app.footer(kExamples + exit_codes_text());
  app.set_version_flag("--version", "transfer " TRANSFER_VERSION);
  app.require_subcommand(1);
  TrainOptions train;
  EvaluateOptions evaluate;
  PredictOptions predict;
  InspectOptions inspect;
  PreviewOptions preview;
  LrFindOptions lr_find;
  AdviseOptions advise;
  BatchOptions batch;
  CacheOptions cache;
  CompletionOptions completion;
  ConfigOptions config;
  add_train(app, train);
  add_others(app, evaluate, predict, inspect, preview);
  add_lr_find(app, lr_find);
  add_advise(app, advise);
  add_batch(app, batch);
  add_cache(app, cache);
  add_completion(app, completion);
  add_config(app, config);
  auto arguments = with_default_command(argc, argv);
  if (arguments.size() == 1 && argc == 1) {
    std::cout << app.help();
    return 0;
  }
  if (argc == 2 && (arguments.back() == "--help" || arguments.back() == "-h")) {
    std::cout << app.help() << "\n" << app.get_subcommand("train")->help();
    return 0;
  }
  replace_renamed_flags(arguments);
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    std::cout << innermost(app)->help();
    return 0;
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << "\n";
    return 0;
  } catch (const CLI::ExtrasError& error) {
    throw ConfigError(explain_unknown(app, error.what()) + " (see transfer --help)");
  } catch (const CLI::ParseError& error) {
    throw ConfigError(std::string(error.what()) + " (see transfer --help)");
  }
  if (app.got_subcommand("train")) return run_train(train, group);
  if (group->size() > 1) {
    throw ConfigError(fmt::format(
        "{} processes were started for 'transfer {}', which one process does. Start several for "
        "training only, or leave out mpirun or srun.",
        group->size(), app.get_subcommands().front()->get_name()));
  }
  if (app.got_subcommand("evaluate")) return run_evaluate(evaluate);
  if (app.got_subcommand("predict")) return run_predict(predict);
  if (app.got_subcommand("inspect")) return run_inspect(inspect);
  if (app.got_subcommand("lr-find")) return run_lr_find(lr_find);
  if (app.got_subcommand("advise")) return run_advise(advise);
  if (app.got_subcommand("completion")) return run_completion(completion, app);
  if (app.got_subcommand("batch")) return run_batch(batch);
  if (app.got_subcommand("config")) return run_config(config);
  if (app.got_subcommand("cache")) {
    const bool lists = app.get_subcommand("cache")->got_subcommand("ls");
    return lists ? run_cache_ls(cache) : run_cache_prune(cache);
  }
  return run_preview(preview);
}

}  // namespace transfer
