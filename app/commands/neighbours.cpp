#include <fmt/format.h>
#include <torch/torch.h>

#include <filesystem>
#include <optional>
#include <set>

#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/commands/flag_checks.h"
#include "app/compute/arithmetic.h"
#include "app/compute/device.h"
#include "app/features/cache_folder.h"
#include "app/features/feature_store.h"
#include "app/features/model_logits.h"
#include "app/features/nearest_images.h"
#include "app/preparation/exporter.h"
#include "app/preparation/model_trust.h"
#include "app/preparation/named_images.h"
#include "app/preparation/reading_messages.h"
#include "app/report/similar_images.h"
#include "core/atomic_file.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/lower_case.h"
#include "core/messages.h"
#include "core/run_files.h"
#include "models/classifier.h"
#include "models/frozen_trunk.h"
#include "models/model_path.h"
#include "models/strategy.h"

namespace transfer {
namespace {

struct NeighboursOptions {
  std::string network;
  std::string data;
  std::vector<std::string> paths;
  std::vector<std::string> columns;
  /// Similar images for each one.
  std::int64_t count = 6;
  /// FILE.png: a contact sheet; FILE.json: as --json.
  std::vector<std::string> outputs;
  bool json = false;
  bool shares = false;
  std::string device = Config{}.device;
  std::int64_t threads = 0;
  std::int64_t max_image_bytes = kDefaultMaxImageBytes;
  std::string trust = Config{}.trust;
  std::string trust_file;
};

/// The training images of a model, as far as they are known.
struct TrainingImages {
  std::vector<Sample> samples;
  Findings findings;
  /// "training images", or what else they are.
  std::string title = "training images";
};

bool is_sheet(const std::string& output) {
  return lower_case(std::filesystem::path(output).extension()) == ".png";
}

/// Finds out before the work whether its results can be written. Throws ConfigError for a file of
/// another kind, and OutputError.
void check_files(const std::vector<std::string>& outputs) {
  for (const std::string& output : outputs) {
    if (!is_sheet(output) && lower_case(std::filesystem::path(output).extension()) != ".json") {
      throw ConfigError(fmt::format(
          "--output {}: expected a name that ends in .png (a contact sheet) or .json.", output));
    }
    require_file_output(output);
    const AtomicFile probe(output);
  }
}

/// The configuration of the run that trained the model; nothing where the model is none of a run,
/// or it is of another version of the program.
std::optional<Config> config_of_run(const NeighboursOptions& options) {
  const std::filesystem::path given = options.network;
  const bool is_model = given.filename() == run_file::kModel;
  const auto file = (is_model ? folder_of(given) : given) / run_file::kConfig;
  if (!is_file(file)) return std::nullopt;
  ConfigSources sources;
  sources.files = {file};
  sources.flags = {{"data.path", options.data}};
  try {
    Config config = resolve_config(sources, strategy_choices());
    config.data.max_image_bytes = options.max_image_bytes;
    if (!options.columns.empty()) config.data.columns = options.columns;
    return config;
  } catch (const ConfigError&) {
    return std::nullopt;
  }
}

/// The training images of that run, drawn as it has drawn them; nothing where there is no run, or
/// the data is of other classes.
std::optional<TrainingImages> images_of_run(const NeighboursOptions& options,
                                            const ModelMetadata& metadata) {
  const auto config = config_of_run(options);
  if (!config) return std::nullopt;
  Dataset data = open_dataset(config->data, static_cast<std::uint64_t>(config->seed),
                              metadata.objective.targets());
  if (data.classes != metadata.classes) return std::nullopt;
  note("{}: names no splits; {} are shown, drawn by {} as the run drew them", options.data,
       count_text(data.train.size(), "training image"), run_file::kConfig);
  return TrainingImages{std::move(data.train), std::move(data.findings)};
}

/// The training images: those that the data names, or else those of the run; otherwise all images,
/// which is said.
TrainingImages training_images(const NeighboursOptions& options, const ModelMetadata& metadata) {
  const auto open = [&](const std::string& split) {
    return open_for_evaluation(options.data, split, metadata.classes, metadata.objective.targets(),
                               column_roles(options.columns), options.max_image_bytes);
  };
  EvaluationData all = open("");
  if (!all.split.empty()) {
    EvaluationData train = open("train");
    return {std::move(train.samples), std::move(train.findings)};
  }
  if (auto images = images_of_run(options, metadata)) return std::move(*images);
  note(
      "{}: names no splits, so that images that were held out for validation may be among those "
      "shown. With --model FOLDER, a run directory, they are left out.",
      options.data);
  return {std::move(all.samples), std::move(all.findings), "images"};
}

/// Whether two files hold the same bytes.
bool is_same_image(const Sample& one, const Sample& other) {
  if (one.array || other.array || !is_file(one.path) || !is_file(other.path)) return false;
  std::error_code error;
  if (std::filesystem::file_size(one.path, error) !=
      std::filesystem::file_size(other.path, error)) {
    return false;
  }
  return !error && read_file(one.path) == read_file(other.path);
}

SimilarImages search(const FeatureSet& train, const FeatureSet& asked,
                     const torch::Tensor& predictions, std::int64_t count) {
  constexpr std::int64_t kQueries = 32;
  const NearestImages nearest(train);
  SimilarImages result;
  std::set<std::int64_t> broken;
  for (const BrokenImage& image : asked.broken) broken.insert(image.sample);
  for (std::int64_t first = 0; first < asked.rows(); first += kQueries) {
    const std::int64_t rows = std::min(kQueries, asked.rows() - first);
    const auto found = nearest.find(asked.views.front().read(first, rows), count);
    for (std::int64_t i = 0; i < rows; ++i) {
      if (broken.contains(first + i)) continue;
      std::vector<SimilarImage> similar;
      for (std::int64_t k = 0; k < found.rows.size(1); ++k) {
        const auto row = static_cast<std::size_t>(found.rows[i][k].item<std::int64_t>());
        similar.push_back({train.samples[row], found.similarities[i][k].item<double>()});
      }
      const Sample& image = asked.samples[static_cast<std::size_t>(first + i)];
      constexpr double kNearlyOne = 0.999;
      for (SimilarImage& other : similar) {
        other.is_same = other.similarity > kNearlyOne && is_same_image(image, other.sample);
      }
      const torch::Tensor numbers = predictions[first + i].contiguous();
      const auto* const begin = numbers.const_data_ptr<float>();
      result.predictions.emplace_back(begin, begin + numbers.numel());
      result.asked.push_back(image);
      result.similar.push_back(std::move(similar));
    }
  }
  return result;
}

int run_neighbours(const NeighboursOptions& options) {
  check_files(options.outputs);
  const auto device = choose_device(options.device);
  set_arithmetic(device, {});
  const auto threads = use_threads(options.threads);
  const auto asked = named_images(options.paths, options.max_image_bytes);
  const Trust trust = model_trust(options.trust, options.trust_file);
  const auto backbone = Backbone::load(obtain_backbone(options.network), {}, trust);
  const ModelMetadata& metadata = backbone.metadata();
  if (metadata.classes.empty()) {
    throw ModelError(fmt::format(
        "{}: is not a model that `transfer` trained, so it has no training images. Expected a run "
        "directory or its model.pt.",
        options.network));
  }
  const Classifier model(model_path(options.network), device, trust);
  const TrainingImages data = training_images(options, metadata);
  report_reading(data.findings);
  const FrozenTrunk trunk(backbone, {""}, device, fusion_for(data.samples.size() + asked.size()));
  Config config;
  config.cache.share = options.shares;
  config.data.max_broken = 1;  // those left out are named
  FeatureStore store(backbone, trunk, config, feature_store_folder(config.cache), device, threads);
  const FeatureSet train = store.extract(data.samples, data.title, 0);
  if (train.valid_rows() == 0) {
    throw DataError(fmt::format("{}: none of its images can be read.", options.data));
  }
  config.cache.share = false;
  FeatureStore own(backbone, trunk, config, {}, device, threads);
  const FeatureSet questions = own.extract(asked, "images", 0);
  if (questions.broken.size() == asked.size()) {
    throw DataError(fmt::format("none of the images can be read ({}). The first: {}",
                                count_text(asked.size(), "image"),
                                questions.broken.front().reason));
  }
  const auto predictions = predictions_of(
      model_logits(model, asked, device, threads, "predict").logits, metadata.objective.targets());
  const SimilarImages images = search(train, questions, predictions, options.count);
  for (const std::string& output : options.outputs) {
    if (is_sheet(output)) {
      write_similar_images(images, metadata, data.title, output);
    } else {
      write_file_atomically(output, to_json(images, metadata));
    }
  }
  fmt::print("{}", options.json ? to_json(images, metadata) : to_text(images, metadata));
  return 0;
}

CommandRun add_neighbours_flags(CLI::App& parser) {
  auto options = std::make_shared<NeighboursOptions>();
  add_network_flag(parser, options->network);
  parser
      .add_option("--data", options->data, "The images that the model was trained on, as for train")
      ->type_name("PATH")
      ->required();
  parser.add_option("paths", options->paths, "Files, folders, or - for a list on stdin")
      ->required();
  parser.add_option("--count", options->count, "Training images shown for each image")
      ->type_name("N")
      ->capture_default_str()
      ->transform(whole_number(1, 1000));
  parser
      .add_option("--columns", options->columns,
                  "Columns of a CSV file, as data.columns: path=NAME, label=NAME, split=NAME")
      ->type_name("ROLE=NAME")
      ->delimiter(',');
  parser.add_flag("--share-cache", options->shares,
                  "Keep the training images' features in runs/feature-store for the next call");
  parser
      .add_option("--output", options->outputs,
                  "FILE.png: a contact sheet. FILE.json: as --json. May be given for both")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  parser.add_flag("--json", options->json, "JSON on stdout");
  add_machine_flags(parser, options->device, options->threads);
  add_image_limit(parser, options->max_image_bytes);
  add_trust_flags(parser, options->trust, options->trust_file);
  return [options](const auto&) { return run_neighbours(*options); };
}

}  // namespace

Command neighbours_command() {
  return {"neighbours", "Show the training images that an image looks like to a model",
          add_neighbours_flags};
}

}  // namespace transfer
