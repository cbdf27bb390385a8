#include <fmt/format.h>
#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/commands/flag_checks.h"
#include "app/compute/device.h"
#include "app/preparation/exporter.h"
#include "app/preparation/model_trust.h"
#include "app/preparation/named_images.h"
#include "app/preparation/sample_range.h"
#include "app/report/heat_overlay.h"
#include "core/cancellation.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/folder_output.h"
#include "core/json_text.h"
#include "core/messages.h"
#include "core/nearest_name.h"
#include "core/visible_text.h"
#include "datasets/loader.h"
#include "models/activation_maps.h"
#include "models/classifier.h"
#include "models/temperature.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

struct ExplainOptions {
  std::string network;
  std::vector<std::string> paths;
  std::string output;
  /// The output to explain; empty takes the largest of each image.
  std::string output_name;
  std::string stage;
  MapMethod method = MapMethod::kGradCam;
  bool overwrite = false;
  bool json = false;
  bool strict = false;
  std::int64_t threads = 0;
  std::int64_t max_image_bytes = kDefaultMaxImageBytes;
  std::string trust = Config{}.trust;
  std::string trust_file;
};

/// What was drawn for an image.
struct ExplainedImage {
  std::string path;
  std::string output;
  /// A probability, or the predicted number.
  double value = 0;
  std::string picture;
  torch::Tensor map = {};  ///< [h,w]
};

nlohmann::ordered_json rows_of(const torch::Tensor& map) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (std::int64_t i = 0; i < map.size(0); ++i) {
    const auto row = map[i].contiguous();
    const auto* const first = row.const_data_ptr<float>();
    rows.push_back(std::vector<float>(first, first + row.numel()));
  }
  return rows;
}

const std::vector<std::string>& names_of_outputs(const ModelMetadata& metadata) {
  return metadata.classes.empty() ? metadata.pretraining_classes : metadata.classes;
}

/// The position of the output to explain, −1 for the largest. Throws ConfigError.
std::int64_t position_of_output(const ExplainOptions& options, const ModelMetadata& metadata) {
  if (options.output_name.empty()) return -1;
  const auto& names = names_of_outputs(metadata);
  const auto found = std::find(names.begin(), names.end(), options.output_name);
  if (found != names.end()) return found - names.begin();
  throw ConfigError(fmt::format("--class: {} has no output '{}'{}", options.network,
                                options.output_name, suggestion(options.output_name, names)));
}

/// Where the picture of each image goes: DIR/NAME-map.png, numbered where names repeat. Throws
/// OutputError for a file that is there already.
class PictureNames {
 public:
  PictureNames(fs::path folder, bool overwrite)
      : folder_(std::move(folder)), overwrite_(overwrite) {}

  fs::path name_for(const std::string& image) {
    const std::string stem = fs::path(image).stem().string();
    const int earlier = used_[stem]++;
    const std::string name =
        earlier == 0 ? stem + "-map.png" : fmt::format("{}-{}-map.png", stem, earlier + 1);
    if (!overwrite_ && exists(folder_ / name)) {
      throw OutputError(
          fmt::format("{}: exists already. Name another folder by --output, or give --overwrite.",
                      (folder_ / name).string()));
    }
    return folder_ / name;
  }

 private:
  static bool exists(const fs::path& file) {
    std::error_code ignored;
    return fs::symlink_status(file, ignored).type() != fs::file_type::not_found;
  }

  fs::path folder_;
  bool overwrite_;
  std::map<std::string, int> used_;
};

std::string name_of_output(const ModelMetadata& metadata, std::int64_t position) {
  const auto& names = names_of_outputs(metadata);
  const auto index = static_cast<std::size_t>(position);
  return index < names.size() ? names[index] : fmt::format("output {}", position);
}

void print_results(const std::vector<ExplainedImage>& images, const ActivationMaps& maps,
                   const ExplainOptions& options) {
  if (!options.json) {
    for (const ExplainedImage& image : images) {
      fmt::print("{}: {} {:.4f} {}\n", visible(image.path), visible(image.output), image.value,
                 visible(image.picture));
    }
    return;
  }
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const ExplainedImage& image : images) {
    rows.push_back({{"path", image.path},
                    {"output", image.output},
                    {"value", image.value},
                    {"picture", image.picture},
                    {"map", rows_of(image.map)}});
  }
  fmt::print("{}",
             json_text(nlohmann::ordered_json{
                 {"stage", maps.stage()}, {"method", name_of(options.method)}, {"images", rows}}));
}

/// Draws the maps of all images that can be read; the others go to `broken`.
std::vector<ExplainedImage> draw_all(const ActivationMaps& maps, const std::vector<Sample>& samples,
                                     const ExplainOptions& options, std::int64_t output,
                                     std::vector<BrokenImage>& broken) {
  const ModelMetadata& metadata = maps.metadata();
  // As predict has it; the maps themselves do not depend on it.
  const double temperature = temperature_of(metadata);
  PictureNames names(options.output, options.overwrite);
  LoaderOptions reading;
  reading.preprocessing = metadata.preprocessing;
  reading.batch_size = 8;
  Loader loader(samples, reading);
  const auto progress =
      begin_progress("explain", static_cast<std::int64_t>(samples.size()), "images");
  std::vector<ExplainedImage> images;
  while (const auto batch = loader.next()) {
    throw_if_stopped();
    broken.insert(broken.end(), batch->broken.begin(), batch->broken.end());
    const auto found =
        maps.explain(batch->images.narrow(0, 0, batch->count),
                     torch::full({batch->count}, output, torch::kInt64), options.method);
    const auto values = predictions_of(found.logits / temperature, metadata.objective.targets());
    for (std::int64_t row = 0; row < batch->count; ++row) {
      const auto sample = batch->samples[static_cast<std::size_t>(row)];
      const bool is_broken = std::any_of(batch->broken.begin(), batch->broken.end(),
                                         [&](const auto& image) { return image.sample == sample; });
      if (is_broken) continue;
      const auto& path = samples[static_cast<std::size_t>(sample)].path;
      const auto picture = names.name_for(path);
      fs::create_directories(options.output);  // not before there is something to put into it
      write_overlay_picture(samples[static_cast<std::size_t>(sample)], found.maps[row],
                            metadata.preprocessing, picture);
      const auto position = found.outputs[row].item<std::int64_t>();
      images.push_back({path, name_of_output(metadata, position),
                        values[row][position].item<double>(), picture.string(), found.maps[row]});
    }
    progress->advance(batch->count);
  }
  progress->finish();
  return images;
}

void report_unread(const std::vector<BrokenImage>& broken, std::size_t images, bool strict) {
  if (broken.empty()) return;
  std::vector<std::string> reasons;
  for (const BrokenImage& image : broken) reasons.push_back(image.reason);
  if (broken.size() == images) {
    throw DataError(fmt::format("none of the images can be read ({}). The first: {}",
                                count_text(images, "image"), reasons.front()));
  }
  const std::string text =
      fmt::format("{} of {} cannot be read and have no picture: {}", broken.size(),
                  count_text(images, "image"), first_five(reasons));
  if (strict) throw DataError(text + ". Leave out --strict to accept that.");
  warn("{}", text);
}

int run_explain(const ExplainOptions& options) {
  const std::string obstacle = why_no_folder(options.output);
  if (!obstacle.empty()) {
    throw OutputError(
        fmt::format("--output {}: no folder can be written there: {}.", options.output, obstacle));
  }
  const auto threads = use_threads(options.threads);
  const auto samples = named_images(options.paths, options.max_image_bytes);
  const auto backbone = Backbone::load(obtain_backbone(options.network), {},
                                       model_trust(options.trust, options.trust_file));
  for (const std::string& assumption : backbone.assumptions()) warn("{}", assumption);
  const ActivationMaps maps(backbone, options.stage);
  const std::int64_t output = position_of_output(options, maps.metadata());
  report_sample_values(samples, maps.metadata().preprocessing, threads);
  std::vector<BrokenImage> broken;
  const auto images = draw_all(maps, samples, options, output, broken);
  report_unread(broken, samples.size(), options.strict);
  print_results(images, maps, options);
  note("{}: {} of the stage {} by {}", options.output, count_text(images.size(), "map"),
       maps.stage(), name_of(options.method));
  return 0;
}

CommandRun add_explain_flags(CLI::App& parser) {
  auto options = std::make_shared<ExplainOptions>();
  add_network_flag(parser, options->network);
  parser.add_option("paths", options->paths, "Files, folders, or - for a list on stdin")
      ->required();
  parser
      .add_option("--output", options->output,
                  "Folder for the pictures, NAME-map.png: the image as the network sees it, and "
                  "where its answer comes from")
      ->type_name("DIR")
      ->required();
  parser
      .add_option("--class", options->output_name,
                  "The class, label or column to explain; without it each image's largest")
      ->type_name("NAME");
  add_choice(parser, "--method", options->method,
             "gradcam, layercam (finer), or eigencam (what stands out, for whatever class)")
      ->default_str(std::string(name_of(options->method)));
  parser
      .add_option("--cam-stage", options->stage,
                  "Stage at which the network is looked into, as inspect lists them; without it "
                  "the last with positions of the image")
      ->type_name("NAME");
  parser.add_flag("--overwrite", options->overwrite, "Replace pictures that are there already");
  parser.add_flag("--strict", options->strict,
                  "End with exit status 3 where any image cannot be read");
  parser.add_flag("--json", options->json, "JSON on stdout");
  parser.add_option("--threads", options->threads, "Threads for arithmetic; 0 takes all cores")
      ->type_name("N")
      ->capture_default_str()
      ->transform(whole_number(0, 4096));
  add_image_limit(parser, options->max_image_bytes);
  add_trust_flags(parser, options->trust, options->trust_file);
  return [options](const auto&) { return run_explain(*options); };
}

}  // namespace

Command explain_command() {
  return {"explain", "Draw on which parts of images a model's answers rest", add_explain_flags};
}

}  // namespace transfer
