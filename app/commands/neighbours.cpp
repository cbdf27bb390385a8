#include <fmt/format.h>
#include <torch/torch.h>

#include <filesystem>
#include <nlohmann/json.hpp>
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
#include "app/report/drawing.h"
#include "app/report/image_sheet.h"
#include "core/atomic_file.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/json_text.h"
#include "core/lower_case.h"
#include "core/messages.h"
#include "core/visible_text.h"
#include "datasets/target_text.h"
#include "models/frozen_trunk.h"

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

/// A training image like the one in question.
struct SimilarImage {
  Sample sample;
  double similarity = 0;
};

/// The images that were asked about and can be read, with those like each, the most alike first.
struct SimilarImages {
  std::vector<Sample> asked;
  std::vector<std::vector<SimilarImage>> similar;
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

/// The training images, or all where the data names no splits.
EvaluationData training_images(const NeighboursOptions& options, const ModelMetadata& metadata) {
  const auto open = [&](const std::string& split) {
    return open_for_evaluation(options.data, split, metadata.classes, metadata.objective.targets(),
                               column_roles(options.columns), options.max_image_bytes);
  };
  EvaluationData data = open("");
  return data.split.empty() ? data : open("train");
}

SimilarImages search(const FeatureSet& train, const FeatureSet& asked, std::int64_t count) {
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
      result.asked.push_back(asked.samples[static_cast<std::size_t>(first + i)]);
      result.similar.push_back(std::move(similar));
    }
  }
  return result;
}

std::string to_json(const SimilarImages& images, const ModelMetadata& metadata) {
  const TargetKind kind = metadata.objective.targets();
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < images.asked.size(); ++i) {
    nlohmann::ordered_json similar = nlohmann::ordered_json::array();
    for (const SimilarImage& image : images.similar[i]) {
      similar.push_back({{"path", image.sample.path},
                         {"truth", target_text(image.sample, metadata.classes, kind)},
                         {"similarity", image.similarity}});
    }
    rows.push_back({{"path", images.asked[i].path}, {"neighbours", similar}});
  }
  return json_text(rows);
}

std::string to_text(const SimilarImages& images, const ModelMetadata& metadata) {
  std::string text;
  for (std::size_t i = 0; i < images.asked.size(); ++i) {
    text += visible(images.asked[i].path) + "\n";
    for (const SimilarImage& image : images.similar[i]) {
      text += fmt::format(
          "  {:.4f}  {}  {}\n", image.similarity,
          visible(target_text(image.sample, metadata.classes, metadata.objective.targets())),
          visible(image.sample.path));
    }
  }
  return text;
}

/// One row for each image: itself, then those like it.
void write_sheet(const SimilarImages& images, const ModelMetadata& metadata,
                 const std::filesystem::path& file) {
  constexpr std::size_t kMostRows = 50;
  const auto names = drawing::drawable_names(metadata.classes);
  const auto name_of_file = [](const Sample& sample) {
    return drawing::ascii_text(std::filesystem::path(sample.path).filename().string());
  };
  std::vector<SheetImage> shown;
  const std::size_t rows = std::min(images.asked.size(), kMostRows);
  std::size_t columns = 1;
  for (std::size_t i = 0; i < rows; ++i) {
    columns = std::max(columns, 1 + images.similar[i].size());
    shown.push_back({images.asked[i], name_of_file(images.asked[i]), {"looks like:"}});
    for (const SimilarImage& image : images.similar[i]) {
      shown.push_back({image.sample,
                       name_of_file(image.sample),
                       {target_text(image.sample, names, metadata.objective.targets()),
                        fmt::format("similarity {:.3f}", image.similarity)}});
    }
  }
  if (rows < images.asked.size()) {
    note("{}: shows the first {} of {} images; --json has all", file.string(), rows,
         images.asked.size());
  }
  write_image_sheet("the most similar training images", shown, drawing::legend_of_numbers(names),
                    metadata.preprocessing, file, static_cast<int>(columns));
}

int run_neighbours(const NeighboursOptions& options) {
  check_files(options.outputs);
  const auto device = choose_device(options.device);
  set_arithmetic(device, {});
  const auto threads = use_threads(options.threads);
  const auto asked = named_images(options.paths, options.max_image_bytes);
  const auto backbone = Backbone::load(obtain_backbone(options.network), {},
                                       model_trust(options.trust, options.trust_file));
  const ModelMetadata& metadata = backbone.metadata();
  if (metadata.classes.empty()) {
    throw ModelError(fmt::format(
        "{}: is not a model that `transfer` trained, so it has no training images. Expected a run "
        "directory or its model.pt.",
        options.network));
  }
  const EvaluationData data = training_images(options, metadata);
  report_reading(data.findings);
  const FrozenTrunk trunk(backbone, {""}, device, fusion_for(data.samples.size() + asked.size()));
  Config config;
  config.cache.share = options.shares;
  config.data.max_broken = 1;  // those left out are named
  FeatureStore store(backbone, trunk, config, feature_store_folder(config.cache), device, threads);
  const FeatureSet train = store.extract(data.samples, "training images", 0);
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
  const SimilarImages images = search(train, questions, options.count);
  for (const std::string& output : options.outputs) {
    if (is_sheet(output)) {
      write_sheet(images, metadata, output);
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
