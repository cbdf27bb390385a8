#include <fmt/format.h>

#include <cstdio>

#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/commands/flag_checks.h"
#include "app/compute/device.h"
#include "app/preparation/backbone_choice.h"
#include "app/preparation/reading_messages.h"
#include "app/preparation/sample_range.h"
#include "core/cancellation.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/random.h"
#include "datasets/contact_sheet.h"
#include "datasets/image_content.h"
#include "datasets/target_text.h"
#include "models/strategy.h"

namespace transfer {
namespace {

struct PreviewOptions {
  ConfigSources sources;
  /// PNG to write.
  std::string file = "preview.png";
  std::int64_t images = 6;
  std::int64_t views = 5;
};

/// The first `count` samples whose images can be decoded; warns of the others, as training does.
std::vector<Sample> first_readable(const std::vector<Sample>& samples, std::size_t count,
                                   const Preprocessing& preprocessing) {
  std::vector<Sample> readable;
  for (const Sample& sample : samples) {
    if (readable.size() == count) break;
    throw_if_stopped();
    if (const auto reason = why_broken(sample, preprocessing)) {
      warn("left out: {}", *reason);
    } else {
      readable.push_back(sample);
    }
  }
  return readable;
}

/// Throws ConfigError for a file whose name promises another format.
void require_png(const std::string& file) {
  const std::filesystem::path path(file);
  if (path.extension() == ".png" || path.extension() == ".PNG") return;
  throw ConfigError(
      fmt::format("--output {}: the contact sheet is a PNG. Give a name that ends so: {}", file,
                  std::filesystem::path(path).replace_extension(".png").string()));
}

/// The contact sheet numbers its rows; says what those are whose text it cannot draw.
void explain_rows(const std::vector<SheetRow>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].is_drawn) note("row {}: {}", i + 1, rows[i].text);
  }
}

int run_preview(const PreviewOptions& options) {
  require_png(options.file);
  Config config = resolve_config(options.sources, strategy_choices());
  const auto seed = static_cast<std::uint64_t>(config.seed);
  const TargetKind kind = objective_of(config).targets();
  Dataset dataset = open_dataset(config.data, seed, kind);
  report_reading(dataset.findings);
  const SampleSurvey survey = settle_sample_range(config, dataset, use_threads(config.threads));
  const auto backbone = choose_backbone(config, dataset);
  const Preprocessing& preprocessing = backbone.metadata().preprocessing;
  report_sample_values(survey, dataset, preprocessing, use_threads(config.threads));
  Random(seed).shuffle(dataset.train);
  const auto samples =
      first_readable(dataset.train, static_cast<std::size_t>(options.images), preprocessing);
  if (samples.empty()) {
    throw DataError(fmt::format("{}: none of its training images can be read ({}).",
                                config.data.path, count_text(dataset.train.size(), "image")));
  }
  std::vector<std::string> captions;
  captions.reserve(samples.size());
  for (const Sample& sample : samples) {
    captions.push_back(target_text(sample, dataset.classes, kind));
  }
  const auto rows = write_contact_sheet(samples, captions, config.augment, preprocessing,
                                        options.views, seed, options.file);
  explain_rows(rows);
  fmt::print("{}\n", options.file);
  return 0;
}

CommandRun add_preview_flags(CLI::App& parser) {
  auto options = std::make_shared<PreviewOptions>();
  add_config_flags(parser, options->sources);
  parser.add_option("--output", options->file, "PNG to write")
      ->type_name("FILE")
      ->capture_default_str();
  parser.add_option("--images", options->images, "Rows of the sheet")
      ->type_name("N")
      ->capture_default_str()
      ->transform(whole_number(1, 100));
  parser.add_option("--views", options->views, "Augmented copies per row")
      ->type_name("N")
      ->capture_default_str()
      ->transform(whole_number(0, 50));
  return [options](const auto&) { return run_preview(*options); };
}

}  // namespace

Command preview_command() {
  return {"preview", "Write a contact sheet of what the network will see", add_preview_flags};
}

}  // namespace transfer
