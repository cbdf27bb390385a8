#include <stdexcept>

#include "configs/fields.h"

namespace transfer {
namespace {

AugmentConfig light() {
  AugmentConfig config;
  config.crop = 1.0;
  config.crop_area = {0.7, 1.0};
  config.flip_horizontal = 0.5;
  return config;
}

AugmentConfig standard() {
  AugmentConfig config = light();
  config.crop_area = {0.4, 1.0};
  config.rotate = 0.5;
  config.brightness = 0.5;
  config.contrast = 0.5;
  config.saturation = 0.5;
  return config;
}

AugmentConfig strong() {
  AugmentConfig config = standard();
  config.crop_area = {0.2, 1.0};
  config.rotate_degrees = {-25.0, 25.0};
  config.translate = 0.3;
  config.scale = 0.3;
  config.brightness_factor = {0.6, 1.4};
  config.contrast_factor = {0.6, 1.4};
  config.saturation_factor = {0.5, 1.5};
  config.hue = 0.3;
  config.greyscale = 0.1;
  config.blur = 0.2;
  config.erase = 0.25;
  return config;
}

AugmentConfig preset_of(AugmentPreset preset) {
  switch (preset) {
    case AugmentPreset::kNone: return {};
    case AugmentPreset::kLight: return light();
    case AugmentPreset::kStandard: return standard();
    case AugmentPreset::kStrong: return strong();
  }
  throw std::logic_error("not an augmentation preset");
}

}  // namespace

AugmentConfig augment_preset(AugmentPreset preset) {
  AugmentConfig config = preset_of(preset);
  config.preset = preset;
  return config;
}

}  // namespace transfer
