#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "app/commands/command.h"
#include "app/commands/confidence_flags.h"
#include "app/commands/config_flags.h"
#include "app/commands/flag_checks.h"
#include "app/commands/test_time_flag.h"
#include "app/compute/arithmetic.h"
#include "app/compute/device.h"
#include "app/features/model_logits.h"
#include "app/preparation/model_trust.h"
#include "app/preparation/named_images.h"
#include "app/preparation/sample_range.h"
#include "app/report/prediction_output.h"
#include "app/report/prediction_rows.h"
#include "app/report/sorted_folders.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/folder_output.h"
#include "core/hash.h"
#include "core/lower_case.h"
#include "core/messages.h"
#include "models/model_path.h"

namespace transfer {
namespace {

struct PredictOptions {
  std::string model;
  /// Files, folders, or `-` for a list of paths on stdin.
  std::vector<std::string> paths;
  /// Classes shown for an image, the likeliest first.
  std::int64_t top = 1;
  PredictionOutputOptions output;
  ConfidenceOptions confidence;
  /// Views of an image that its prediction is the mean of.
  std::int64_t views = 1;
  std::string device = Config{}.device;
  std::int64_t threads = 0;
  std::int64_t max_image_bytes = kDefaultMaxImageBytes;
  std::string trust = Config{}.trust;
  std::string trust_file;
  /// Whether an image without a prediction is an error.
  bool strict = false;
  /// Where to put the images, by class; empty: nowhere.
  std::string sort_into;
  Placing placing = Placing::kCopy;
  double min_confidence = 0;
};

/// Progress that nobody sees.
class NoProgress : public Progress {
 public:
  void advance(std::int64_t /*count*/) override {}
  void finish() override {}
};

/// The layout that a file's name asks for; text for other names.
PredictionLayout layout_of(const std::filesystem::path& file) {
  const std::string ending = lower_case(file.extension());
  const auto layout = parse_name<PredictionLayout>(ending.empty() ? ending : ending.substr(1));
  return layout.value_or(PredictionLayout::kText);
}

void check_options(const PredictOptions& options) {
  if (options.output.resume && options.output.file.empty()) {
    throw ConfigError("--resume: needs --output FILE, whose rows it goes on with.");
  }
  if (options.output.resume && options.output.layout == PredictionLayout::kJson) {
    throw ConfigError(
        "--resume: cannot go on with json, which is one array. Use --format jsonl or csv.");
  }
  if (options.sort_into.empty() &&
      (options.placing == Placing::kLink || options.min_confidence > 0)) {
    throw ConfigError(fmt::format("{}: needs --sort-into DIR.",
                                  options.min_confidence > 0 ? "--min-confidence" : "--link"));
  }
}

/// Throws ConfigError where the output would take an image's place.
void require_no_image(const std::filesystem::path& output, const std::vector<Sample>& samples) {
  if (output.empty() || !is_file(output)) return;
  for (const Sample& sample : samples) {
    std::error_code ignored;
    if (!std::filesystem::equivalent(sample.path, output, ignored)) continue;
    throw ConfigError(
        fmt::format("--output {}: is one of the images. Give another file.", output.string()));
  }
}

/// Throws ConfigError where sorted images would lie among those of a folder that is read.
void require_sorting_elsewhere(const PredictOptions& options) {
  if (options.sort_into.empty()) return;
  for (const std::string& path : options.paths) {
    if (!is_folder(path) || !lies_within(options.sort_into, path)) continue;
    throw ConfigError(
        fmt::format("--sort-into {}: lies in {}, which is read, so that the copies would be among "
                    "its images at the next read. Choose a folder outside it.",
                    options.sort_into, path));
  }
}

/// What a file of predictions depends on.
GrowingFile::Identity identity_of(const PredictOptions& options,
                                  const std::vector<Sample>& samples) {
  Sha256 list;
  for (const Sample& sample : samples) {
    list.update(sample.path);
    list.update(std::string_view("\0", 1));
  }
  return {{"model", sha256_hex(read_file(model_path(options.model)))},
          {"list of images", list.hex()},
          {"--format", name_of(options.output.layout)},
          {"--top", options.top},
          {"--reject", options.confidence.rejects},
          {"--coverage", options.confidence.coverage.value_or(0)},
          {"number of views (--tta)", options.views},
          {"--sort-into", options.sort_into},
          {"--min-confidence", options.min_confidence},
          {"choice of --copy or --link", options.placing == Placing::kLink ? "link" : "copy"}};
}

/// Where to put the images; nothing where nobody asked for that.
std::optional<SortedFolders> sorted_folders(const PredictOptions& options,
                                            const ModelMetadata& metadata) {
  if (options.sort_into.empty()) return std::nullopt;
  if (metadata.objective.targets() != TargetKind::kClass) {
    throw ConfigError(fmt::format(
        "--sort-into: {} does not give each image one class. Use --output FILE.csv instead.",
        options.model));
  }
  return std::make_optional<SortedFolders>(options.sort_into, metadata.classes, options.placing,
                                           options.min_confidence, options.output.resume,
                                           options.confidence.rejects);
}

void sort_images(SortedFolders& folders, const std::vector<Prediction>& predictions,
                 const std::vector<std::string>& classes, bool rejects) {
  for (const Prediction& prediction : predictions) {
    if (prediction.numbers.empty()) continue;
    if (rejects && !prediction.familiarity->is_known) {
      folders.add_unknown(prediction.path);
      continue;
    }
    const auto likeliest = std::max_element(prediction.numbers.begin(), prediction.numbers.end());
    const auto position = static_cast<std::size_t>(likeliest - prediction.numbers.begin());
    folders.add(prediction.path, classes[position], static_cast<double>(*likeliest));
  }
}

/// The error of a command that was stopped, which says how it goes on.
Interrupted with_way_on(const Interrupted& stop, const PredictionOutputOptions& output) {
  if (output.file.empty() || output.layout == PredictionLayout::kJson) return stop;
  return {fmt::format("{}. {}.part has the predictions so far; the same command with --resume "
                      "goes on.",
                      stop.what(), output.file.string()),
          stop.signal()};
}

int run_predict(const PredictOptions& options) {
  check_options(options);
  require_sorting_elsewhere(options);
  const Trust trust = model_trust(options.trust, options.trust_file);
  const auto device = choose_device(options.device);
  set_arithmetic(device, {});
  const auto threads = use_threads(options.threads);
  const auto samples = named_images(options.paths, options.max_image_bytes);
  require_no_image(options.output.file, samples);
  const Classifier model(model_path(options.model), device, trust);
  const ModelMetadata& metadata = model.metadata();
  RowReading reading = row_reading(options.confidence, model, options.model);
  reading.has_own_logits = options.views > 1 && reading.largest_set_score;
  auto folders = sorted_folders(options, metadata);
  PredictionOutput output(
      options.output,
      prediction_format(metadata.objective, metadata.classes, options.top,
                        class_columns(options.confidence, model)),
      samples,
      options.output.file.empty() ? GrowingFile::Identity{} : identity_of(options, samples));
  if (options.output.resume) {
    note("{}: {} of {} images were done before", options.output.file.string(),
         output.images_before(), samples.size());
  }
  report_sample_values(samples, metadata.preprocessing, threads);
  // On a terminal the rows themselves show how far it is.
  NoProgress none;
  const bool shows_rows = options.output.file.empty() && ::isatty(STDOUT_FILENO) == 1;
  try {
    stream_model_logits(model, samples, device, threads,
                        {.first = output.images_before(),
                         .title = "predict",
                         .progress = shows_rows ? &none : nullptr,
                         .views = options.views,
                         .keeps_own_outputs = reading.has_own_logits},
                        [&](const RowBlock& block) {
                          const auto predictions = predictions_in(block, samples, reading);
                          if (folders) {
                            sort_images(*folders, predictions, metadata.classes,
                                        options.confidence.rejects);
                          }
                          output.add(predictions);
                        });
  } catch (const Interrupted& stop) {
    throw with_way_on(stop, options.output);
  }
  output.finish();
  if (folders) note("{}", folders->report());
  output.report_failures(options.strict);
  return 0;
}

void add_sorting_flags(CLI::App& parser, PredictOptions& options) {
  parser
      .add_option("--sort-into", options.sort_into,
                  "Also copy each image into a folder of its predicted class, DIR/CLASS/")
      ->type_name("DIR");
  auto* const copy = parser.add_flag_callback(
      "--copy", [&options] { options.placing = Placing::kCopy; },
      "With --sort-into: copy the images (the default)");
  parser
      .add_flag_callback(
          "--link", [&options] { options.placing = Placing::kLink; },
          "With --sort-into: make hard links, which take no space and need the same disk")
      ->excludes(copy);
  parser
      .add_option("--min-confidence", options.min_confidence,
                  "With --sort-into: put images below this probability into DIR/unsure/")
      ->type_name("P")
      ->check(CLI::Range(0.0, 1.0))
      ->check([](const std::string& text) {
        return std::isfinite(std::strtod(text.c_str(), nullptr)) ? "" : "found no number";
      });
}

void add_output_flags(CLI::App& parser, PredictOptions& options) {
  auto* const format =
      add_choice(parser, "--format", options.output.layout,
                 "text, csv, json or jsonl; without it what the name of --output ends in")
          ->default_str(std::string(name_of(options.output.layout)));
  parser
      .add_flag_callback(
          "--json", [&options] { options.output.layout = PredictionLayout::kJson; },
          "The same as --format json")
      ->excludes(format);
  parser
      .add_option("--output", options.output.file,
                  "Write to a file, which gets its name when it is complete: until then it is "
                  "FILE.part")
      ->type_name("FILE");
  parser.add_flag("--resume", options.output.resume,
                  "Go on with FILE.part, which a stopped or killed command has left");
}

CommandRun add_predict_flags(CLI::App& parser) {
  auto options = std::make_shared<PredictOptions>();
  parser.add_option("--model", options->model, "A run directory, or its model.pt")
      ->type_name("FOLDER|FILE")
      ->required();
  parser.add_option("paths", options->paths, "Files, folders, or - for a list on stdin")
      ->required();
  parser.add_option("--top", options->top, "Classes per image, the likeliest first")
      ->type_name("N")
      ->capture_default_str()
      ->transform(whole_number(1, 1'000'000));
  add_output_flags(parser, *options);
  parser.add_flag(
      "--strict", options->strict,
      "End with exit status 3 where any image has no prediction, not only where all have none");
  add_confidence_flags(parser, options->confidence);
  add_test_time_flag(parser, options->views);
  add_sorting_flags(parser, *options);
  add_machine_flags(parser, options->device, options->threads);
  add_image_limit(parser, options->max_image_bytes);
  add_trust_flags(parser, options->trust, options->trust_file);
  return [options, &parser](const auto&) {
    PredictOptions given = *options;
    const bool names_format = parser.count("--format") + parser.count("--json") > 0;
    if (!names_format) given.output.layout = layout_of(given.output.file);
    return run_predict(given);
  };
}

}  // namespace

Command predict_command() {
  return {"predict", "Classify images with a trained model", add_predict_flags};
}

}  // namespace transfer
