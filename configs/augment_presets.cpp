#include <fmt/format.h>

#include "configs/fields.h"
#include "core/errors.h"
#include "core/nearest_name.h"

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

}  // namespace

AugmentConfig augment_preset(const std::string& name) {
  AugmentConfig config;
  if (name == "light") {
    config = light();
  } else if (name == "standard") {
    config = standard();
  } else if (name == "strong") {
    config = strong();
  } else if (name != "none") {
    throw ConfigError(fmt::format("augment.preset: unknown preset '{}'{}", name,
                                  suggestion(name, {"none", "light", "standard", "strong"})));
  }
  config.preset = name;
  return config;
}

}  // namespace transfer
