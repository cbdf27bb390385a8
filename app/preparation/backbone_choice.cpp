#include "app/preparation/backbone_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/preparation/exporter.h"
#include "app/preparation/model_trust.h"
#include "app/preparation/sample_range.h"
#include "core/errors.h"
#include "core/messages.h"
#include "datasets/image_content.h"
#include "models/backbone_names.h"
#include "models/dry_pass.h"
#include "models/flatten.h"

namespace transfer {
namespace {

Backbone fitting_flatten(const Config& config, const Dataset& dataset) {
  constexpr std::int64_t kDefaultSide = 28;
  const ImageSize& size = config.data.input_size;
  std::int64_t height = size.is_given() ? size.height : kDefaultSide;
  std::int64_t width = size.is_given() ? size.width : kDefaultSide;
  const auto& array = dataset.train.front().array;
  if (!size.is_given() && array != nullptr) {
    height = array->height;
    width = array->width;
  }
  auto backbone =
      flatten_backbone(height, width, are_grey(dataset.train, sample_range(config)) ? 1 : 3)
          .with_input(input_settings(config));
  note(
      "{} has no pretrained weights: the strategy is ignored and everything trains, which "
      "is the head on {} pixels.",
      backbone.metadata().name, backbone.feature_count());
  return backbone;
}

/// Colours cannot be changed where the network reads other bands.
void warn_of_colour_changes(const AugmentConfig& augment, const Preprocessing& p) {
  if (reads_colours(p)) return;
  std::vector<std::string> keys;
  if (augment.contrast > 0) keys.emplace_back("augment.contrast");
  if (augment.saturation > 0) keys.emplace_back("augment.saturation");
  if (augment.hue > 0) keys.emplace_back("augment.hue");
  if (augment.greyscale > 0) keys.emplace_back("augment.greyscale");
  if (augment.randaugment > 0) keys.emplace_back("augment.randaugment");
  if (keys.empty()) return;
  warn("{} {} no effect on images of {} bands.", fmt::join(keys, ", "),
       keys.size() == 1 ? "has" : "have", p.channels);
}

/// Its members would have to be cut and trained one by one.
void refuse_ensemble(const Backbone& backbone) {
  if (backbone.metadata().members.empty()) return;
  throw ModelError(
      fmt::format("{}: is an ensemble of {} models, on which nothing can be trained. Expected a "
                  "single network: "
                  "name one of its members.",
                  backbone.file(), backbone.metadata().members.size()));
}

void describe(const Backbone& backbone) {
  for (const std::string& assumption : backbone.assumptions()) warn("{}", assumption);
  if (backbone.metadata().preprocessing.channels == 1) {
    note("{} reads grey images: colours are turned to grey (0.299 R + 0.587 G + 0.114 B).",
         backbone.metadata().name);
  }
  for (const std::string& remark : backbone.remarks()) note("{}: {}.", backbone.file(), remark);
  if (backbone.repaired_layers() > 0) {
    note(
        "{}: was traced in evaluation mode; {} BatchNorm and Dropout layers were given back "
        "their training mode.",
        backbone.file(), backbone.repaired_layers());
  }
}

}  // namespace

Backbone choose_backbone(const Config& config, const Dataset& dataset) {
  const auto range = sample_range(config);
  if (config.backbone == kFlattenBackbone) {
    const auto backbone = fitting_flatten(config, dataset);
    return range ? backbone.with_sample_range(*range) : backbone;
  }
  auto backbone = Backbone::load(obtain_backbone(config.backbone), input_settings(config),
                                 model_trust(config.trust, config.trust_file));
  refuse_ensemble(backbone);
  describe(backbone);
  warn_of_colour_changes(config.augment, backbone.metadata().preprocessing);
  if (range) backbone = backbone.with_sample_range(*range);
  require_pass(backbone);
  return backbone;
}

void require_exported(const Config& config) {
  if (config.backbone != kFlattenBackbone) find_backbone(config.backbone);
}

}  // namespace transfer
