#include "app/preparation/backbone_choice.h"
#include "core/messages.h"

#include <fmt/format.h>

#include "datasets/image_content.h"
#include "models/dry_pass.h"
#include "models/flatten.h"

namespace transfer {
namespace {

Backbone fitting_flatten(const Config& config, const Dataset& dataset) {
  constexpr std::int64_t kDefaultSide = 28;
  std::int64_t height = config.data.input_size > 0 ? config.data.input_size : kDefaultSide;
  std::int64_t width = height;
  const auto& array = dataset.train.front().array;
  if (config.data.input_size == 0 && array != nullptr) {
    height = array->height;
    width = array->width;
  }
  auto backbone = flatten_backbone(height, width, are_grey(dataset.train) ? 1 : 3);
  note(
      "{} has no pretrained weights: the strategy is ignored and everything trains, which "
      "is the head on {} pixels.",
      backbone.metadata().name, backbone.feature_count());
  return backbone;
}

void describe(const Backbone& backbone) {
  if (!backbone.has_metadata()) {
    warn(
        "{} carries no transfer.json; ImageNet preprocessing is assumed (shorter "
        "side 256, crop 224, ImageNet mean and std).",
        backbone.file());
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
  if (config.backbone == kFlattenBackbone) return fitting_flatten(config, dataset);
  auto backbone = Backbone::load(find_backbone(config.backbone));
  describe(backbone);
  if (config.data.input_size > 0) backbone = backbone.with_input_size(config.data.input_size);
  require_pass(backbone);
  return backbone;
}

}  // namespace transfer
