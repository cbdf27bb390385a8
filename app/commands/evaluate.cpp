#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/commands/evaluation_report.h"
#include "app/commands/flag_checks.h"
#include "app/commands/test_time_flag.h"
#include "app/compute/arithmetic.h"
#include "app/compute/device.h"
#include "app/features/broken_images.h"
#include "app/features/model_logits.h"
#include "app/preparation/model_trust.h"
#include "app/preparation/reading_messages.h"
#include "app/preparation/sample_range.h"
#include "app/report/metrics_report.h"
#include "app/report/prediction_table.h"
#include "core/atomic_file.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/json_text.h"
#include "core/lower_case.h"
#include "core/run_format.h"
#include "datasets/dataset.h"
#include "models/model_path.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

struct EvaluateOptions {
  std::string model;
  std::string data;
  /// `train`, `val`, `test`; empty takes the first of test, val, everything.
  std::string split;
  std::string device = Config{}.device;
  std::int64_t threads = 0;
  std::string trust = Config{}.trust;
  std::string trust_file;
  std::int64_t top_k = 5;
  /// Views of an image that its prediction is the mean of.
  std::int64_t views = 1;
  /// As data.columns.
  std::vector<std::string> columns;
  std::int64_t max_image_bytes = kDefaultMaxImageBytes;
  bool json = false;
  /// Files to write: the metrics (.json) or the table of predictions (.csv).
  std::vector<std::string> outputs;
  /// Folder for report.html; empty: none.
  std::string report;
};

/// The metrics with the split in front; "all" where the data names none.
std::string metrics_json(const std::string& split, std::int64_t views,
                         const nlohmann::ordered_json& metrics) {
  nlohmann::ordered_json object = {{"format", kRunFormat},
                                   {"split", split.empty() ? "all" : split}};
  if (views > 1) object["tta_views"] = views;
  object.update(metrics);
  return json_text(object);
}

/// The split in words, with how far the model knows its images.
std::string text_of_split(const std::string& split) {
  if (split.empty()) return "all images, perhaps including those it was trained on";
  return split == "train" ? "train: images that the model was trained on" : split;
}

bool is_table(const std::string& output) {
  return lower_case(fs::path(output).extension()) == ".csv";
}

/// Finds out before the work whether its results can be written. Throws ConfigError for a file of
/// another kind, and OutputError.
void check_outputs(const std::vector<std::string>& outputs) {
  for (const std::string& output : outputs) {
    if (!is_table(output) && lower_case(fs::path(output).extension()) != ".json") {
      throw ConfigError(fmt::format(
          "--output {}: expected a name that ends in .csv (the prediction for each image) or .json "
          "(the metrics).",
          output));
    }
    require_file_output(output);
    const AtomicFile probe(output);
  }
}

int run_evaluate(const EvaluateOptions& options) {
  check_outputs(options.outputs);
  if (!options.report.empty()) require_report_folder(options.report);
  const Trust trust = model_trust(options.trust, options.trust_file);
  const auto device = choose_device(options.device);
  set_arithmetic(device, {});
  const auto threads = use_threads(options.threads);
  const Classifier model(model_path(options.model), device, trust);
  const auto& classes = model.metadata().classes;
  const Objective& objective = model.metadata().objective;
  const auto [split, samples, findings] =
      open_for_evaluation(options.data, options.split, classes, objective.targets(),
                          column_roles(options.columns), options.max_image_bytes);
  report_reading(findings);
  report_sample_values(samples, model.metadata().preprocessing, threads);
  const auto result = model_logits(model, samples, device, threads, "evaluate", options.views);

  report_broken(result.broken);
  if (result.broken.size() == samples.size()) {
    throw DataError(fmt::format("{}: none of its images can be read ({}).", options.data,
                                count_text(samples.size(), "image")));
  }
  const Truth truth = truth_of(samples, result.broken);
  const auto metrics =
      measure(objective, result.logits, truth, {.k = options.top_k, .auroc = true});
  const std::string json = metrics_json(split, options.views, metrics_object(metrics, classes));
  for (const std::string& output : options.outputs) {
    write_file_atomically(output, is_table(output) ? prediction_table(objective, samples, truth,
                                                                      result.logits, classes)
                                                   : json);
  }
  if (!options.report.empty()) {
    const EvaluationReport report{options.model, options.data,  split,         samples,
                                  truth,         result.logits, metrics,       device,
                                  threads,       findings,      result.broken, trust,
                                  options.views};
    write_evaluation_report(model, report, options.report);
  }
  if (options.json) {
    fmt::print("{}", json);
  } else {
    fmt::print("{}", metrics_text(fmt::format("evaluation ({}{})", text_of_split(split),
                                              views_text(options.views)),
                                  metrics, classes));
  }
  return 0;
}

CommandRun add_evaluate_flags(CLI::App& parser) {
  auto options = std::make_shared<EvaluateOptions>();
  parser.add_option("--model", options->model, "A run directory, or its model.pt")
      ->type_name("FOLDER|FILE")
      ->required();
  parser.add_option("--data", options->data, "Labelled images, as for train")
      ->type_name("PATH")
      ->required();
  parser
      .add_option("--split", options->split,
                  "train, val or test; without it test, else val, else all images")
      ->type_name("NAME")
      ->check(one_of({"train", "val", "test"}));
  parser
      .add_option("--columns", options->columns,
                  "Columns of a CSV file, as data.columns: path=NAME, label=NAME, split=NAME")
      ->type_name("ROLE=NAME")
      ->delimiter(',');
  add_machine_flags(parser, options->device, options->threads);
  add_image_limit(parser, options->max_image_bytes);
  add_trust_flags(parser, options->trust, options->trust_file);
  parser.add_option("--top-k", options->top_k, "K of top-K accuracy")
      ->type_name("N")
      ->capture_default_str()
      ->transform(whole_number(1, 1'000'000));
  add_test_time_flag(parser, options->views);
  parser.add_flag("--json", options->json, "JSON on stdout");
  parser
      .add_option(
          "--output", options->outputs,
          "FILE.csv: the prediction for each image, as predictions_test.csv. FILE.json: the "
          "metrics, as --json. May be given for both")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  parser
      .add_option(
          "--report", options->report,
          "Write report.html into this folder: metrics with intervals, charts and the images "
          "behind them")
      ->type_name("FOLDER");
  return [options](const auto&) { return run_evaluate(*options); };
}

}  // namespace

Command evaluate_command() {
  return {"evaluate", "Measure a trained model on labelled images", add_evaluate_flags};
}

}  // namespace transfer
