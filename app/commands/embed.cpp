#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>

#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/commands/flag_checks.h"
#include "app/compute/arithmetic.h"
#include "app/compute/device.h"
#include "app/features/model_logits.h"
#include "app/features/row_stream.h"
#include "app/preparation/exporter.h"
#include "app/preparation/model_trust.h"
#include "app/preparation/named_images.h"
#include "app/preparation/sample_range.h"
#include "app/report/feature_output.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/nearest_name.h"
#include "models/backbone.h"
#include "models/frozen_trunk.h"
#include "models/probed_stages.h"

namespace transfer {
namespace {

struct EmbedOptions {
  std::string network;
  std::vector<std::string> paths;
  /// Whose output, averaged over the image, is wanted; kPenultimate: the classifier's input.
  std::string stage = kPenultimate;
  std::string output;
  ConfigSources sources;
  std::string device = Config{}.device;
  std::int64_t threads = 0;
  std::int64_t max_image_bytes = kDefaultMaxImageBytes;
  /// Whether an image that cannot be read is an error.
  bool strict = false;
};

/// The cut that gives the features of a stage. Throws ConfigError, naming the nearest stage and all
/// that there are.
std::string cut_of(const std::string& stage, const Backbone& backbone) {
  if (stage == kPenultimate) return "";
  std::vector<std::string> stages = backbone.metadata().stages;
  if (std::find(stages.begin(), stages.end(), stage) != stages.end()) return stage;
  stages.emplace_back(kPenultimate);
  throw ConfigError(fmt::format("--stage: {} has no stage '{}'{} It has: {}.",
                                backbone.metadata().name, stage, nearest_or_stop(stage, stages),
                                fmt::join(stages, ", ")));
}

/// Adds the rows of the images that could be read, and the others to `broken`.
void add_block(FeatureOutput& output, const RowBlock& block, const std::vector<Sample>& samples,
               std::vector<BrokenImage>& broken) {
  std::vector<std::int64_t> rows;
  std::vector<std::string> paths;
  auto next_broken = block.broken.begin();
  for (std::int64_t row = 0; row < block.rows.size(0); ++row) {
    const std::int64_t position = block.first + row;
    if (next_broken != block.broken.end() && next_broken->sample == position) {
      broken.push_back(*next_broken++);
      continue;
    }
    rows.push_back(row);
    paths.push_back(samples[static_cast<std::size_t>(position)].path);
  }
  output.add(paths, block.rows.index_select(0, torch::tensor(rows, torch::kInt64)));
}

/// Says which images have no row. Throws DataError where none has one, and with `strict`.
void report_missing(const std::vector<BrokenImage>& broken, const std::vector<Sample>& samples,
                    bool strict) {
  if (broken.empty()) return;
  if (broken.size() == samples.size()) {
    throw DataError(fmt::format("none of the images can be read ({}). The first: {}",
                                count_text(samples.size(), "image"), broken.front().reason));
  }
  std::vector<std::string> paths;
  for (const BrokenImage& image : broken) {
    paths.push_back(samples[static_cast<std::size_t>(image.sample)].path);
  }
  const std::string text = fmt::format("{} of {} cannot be read and have no row: {}", broken.size(),
                                       count_text(samples.size(), "image"), first_five(paths));
  if (strict) throw DataError(text + ". Leave out --strict to accept that.");
  warn("{}", text);
}

int run_embed(const EmbedOptions& options) {
  FeatureOutput::require_name(options.output);
  require_input_settings("embed", options.sources.settings);
  ConfigSources sources = options.sources;
  sources.flags.emplace_back("backbone", options.network);
  const Config config = resolve_config(sources, strategy_choices());
  const auto device = choose_device(options.device);
  set_arithmetic(device, {});
  const auto threads = use_threads(options.threads);
  const auto samples = named_images(options.paths, options.max_image_bytes);
  const auto backbone = Backbone::load(obtain_backbone(options.network), input_settings(config),
                                       model_trust(config.trust, config.trust_file));
  for (const std::string& assumption : backbone.assumptions()) warn("{}", assumption);
  const std::string cut = cut_of(options.stage, backbone);
  const FrozenTrunk trunk(backbone, {cut}, device, fusion_for(samples.size()));
  report_sample_values(samples, backbone.metadata().preprocessing, threads);
  FeatureOutput output(options.output, trunk.dimension());
  ImagePass pass;
  pass.samples = samples;
  pass.device = device;
  pass.threads = threads;
  pass.title = "embed";
  pass.loader.preprocessing = backbone.metadata().preprocessing;
  pass.loader.batch_size = evaluation_batch(static_cast<std::int64_t>(samples.size()));
  pass.loader.workers = threads;
  std::vector<BrokenImage> broken;
  stream_over_images(
      pass, [&](const torch::Tensor& images) { return trunk.features(images); },
      [&](const RowBlock& block) { add_block(output, block, samples, broken); });
  report_missing(broken, samples, options.strict);
  output.finish();
  note("{}: {} features of {} by {}, {}", options.output, trunk.dimension(),
       count_text(samples.size() - broken.size(), "image"), backbone.metadata().name,
       stage_title(cut));
  return 0;
}

CommandRun add_embed_flags(CLI::App& parser) {
  auto options = std::make_shared<EmbedOptions>();
  add_network_flag(parser, options->network);
  parser.add_option("paths", options->paths, "Files, folders, or - for a list on stdin")
      ->required();
  parser
      .add_option("--output", options->output,
                  "FILE.npy for numpy.load, with the paths in FILE.paths.csv, or FILE.csv")
      ->type_name("FILE")
      ->required();
  parser
      .add_option("--stage", options->stage,
                  "Whose output, averaged over the image: a stage that inspect lists, or "
                  "penultimate, the classifier's input")
      ->type_name("NAME")
      ->capture_default_str();
  parser
      .add_option("--set", options->sources.settings,
                  "input.*, data.input_size or data.resize: how images are prepared")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  parser.add_flag("--strict", options->strict,
                  "End with exit status 3, without a file, where any image cannot be read");
  add_machine_flags(parser, options->device, options->threads);
  add_image_limit(parser, options->max_image_bytes);
  add_trust_key_flags(parser, options->sources);
  return [options](const auto&) { return run_embed(*options); };
}

}  // namespace

Command embed_command() {
  return {"embed", "Write the features of images to a file", add_embed_flags};
}

}  // namespace transfer
