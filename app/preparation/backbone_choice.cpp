#include "app/preparation/backbone_choice.h"

#include <fmt/format.h>

#include <cstdio>

#include "datasets/image_content.h"
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
  fmt::print(stderr,
             "{} has no pretrained weights: the strategy is ignored and everything trains, which "
             "is the head on {} pixels.\n",
             backbone.metadata().name, backbone.feature_count());
  return backbone;
}

void describe(const Backbone& backbone) {
  if (!backbone.has_metadata()) {
    fmt::print(stderr,
               "warning: {} carries no transfer.json; ImageNet preprocessing is assumed (shorter "
               "side 256, crop 224, ImageNet mean and std).\n",
               backbone.file());
  }
  if (backbone.repaired_layers() > 0) {
    fmt::print(stderr,
               "{}: was traced in evaluation mode; {} BatchNorm and Dropout layers were given back "
               "their training mode.\n",
               backbone.file(), backbone.repaired_layers());
  }
}

}  // namespace

Backbone choose_backbone(const Config& config, const Dataset& dataset) {
  if (config.backbone == kFlattenBackbone) return fitting_flatten(config, dataset);
  auto backbone = Backbone::load(find_backbone(config.backbone));
  describe(backbone);
  if (config.data.input_size > 0) backbone = backbone.with_input_size(config.data.input_size);
  return backbone;
}

}  // namespace transfer
