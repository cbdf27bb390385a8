#include "configs/field_table.h"

namespace transfer {

// A row holds: key, member, limits, unit, effect, used by, description, example.
void add_augment_fields(std::vector<Field>& fields, AugmentConfig& a) {
  using enum Effect;
  using enum UsedBy;
  const auto add = [&fields](const Field& row) { fields.push_back(row); };
  // Probability of a change.
  const auto probability = [&add](const std::string& key, double& member,
                                  const std::string& change) {
    add({"augment." + key, &member, between(0, 1), "probability", kImage, kChangedImages,
         "How often " + change + ". 0: never.", "0.5"});
  };
  // Range from which its strength is drawn.
  const auto range = [&add](const std::string& key, Range& member, Limits limits,
                            const std::string& unit, const std::string& description,
                            const std::string& example) {
    Field row = {"augment." + key, &member,        limits,      unit,
                 kImage,           kChangedImages, description, example};
    row.needs = "augment." + key.substr(0, key.find('_'));
    add(row);
  };
  const std::string kFactor = "factor (1 changes nothing)";

  add({"augment.preset", &a.preset, kNoLimits, "none", kImage, kChangedImages,
       "Random changes to training images, as a set: fills the keys below from crop to "
       "randaugment_magnitude. A key that is given itself wins.",
       "standard"});
  add({"augment.views", &a.views, between(0, 1000), "copies", kResult, kEveryRun,
       "Fixed augmented copies of each training image beside the image itself. A head on stored "
       "features sees all of them in each epoch; where layers train, each epoch takes the next of "
       "them. 0: changes are drawn anew each epoch, and a head on stored features sees none. "
       "Without any augmentation, copies get the preset standard.",
       "4"});
  probability("crop", a.crop, "a part of the image is cut out and resized");
  range("crop_area", a.crop_area, between(0.01, 1), "fraction of the image's area",
        "Size of that part.", "[0.5, 1]");
  range("crop_ratio", a.crop_ratio, between(0.1, 10), "width / height", "Shape of that part.",
        "[1, 1]");
  probability("flip_horizontal", a.flip_horizontal, "left and right are swapped");
  probability("flip_vertical", a.flip_vertical, "top and bottom are swapped");
  probability("rotate", a.rotate, "the image is rotated");
  range("rotate_degrees", a.rotate_degrees, between(-180, 180), "degrees", "Angle of the rotation.",
        "[-25, 25]");
  probability("translate", a.translate, "the image is shifted");
  range("translate_fraction", a.translate_fraction, between(-1, 1), "fraction of width and height",
        "Distance of the shift.", "[-0.05, 0.05]");
  probability("scale", a.scale, "the image is scaled about its centre");
  range("scale_factor", a.scale_factor, between(0.1, 10), kFactor, "Factor of the scaling.",
        "[0.8, 1.2]");
  probability("brightness", a.brightness, "the brightness changes");
  range("brightness_factor", a.brightness_factor, between(0, 10), kFactor,
        "Change of the brightness.", "[0.6, 1.4]");
  probability("contrast", a.contrast, "the contrast changes");
  range("contrast_factor", a.contrast_factor, between(0, 10), kFactor, "Change of the contrast.",
        "[0.6, 1.4]");
  probability("saturation", a.saturation, "the saturation changes");
  range("saturation_factor", a.saturation_factor, between(0, 10), kFactor,
        "Change of the saturation.", "[0.5, 1.5]");
  probability("hue", a.hue, "the hue changes");
  range("hue_degrees", a.hue_degrees, between(-180, 180), "degrees of the colour circle",
        "Shift of the hue.", "[-20, 20]");
  probability("greyscale", a.greyscale, "the colours are taken away");
  probability("blur", a.blur, "the image is blurred (Gaussian)");
  range("blur_sigma", a.blur_sigma, between(0.01, 50), "pixels", "Standard deviation of the blur.",
        "[0.5, 2]");
  probability("erase", a.erase, "a rectangle is erased (Zhong et al. 2020)");
  range("erase_area", a.erase_area, between(0.001, 1), "fraction of the image's area",
        "Size of that rectangle.", "[0.02, 0.1]");
  add({"augment.randaugment", &a.randaugment, between(0, 14), "operations", kImage, kChangedImages,
       "RandAugment (Cubuk et al. 2020): operations per image. 0: off.", "2"});
  Field magnitude = {"augment.randaugment_magnitude",
                     &a.randaugment_magnitude,
                     between(0, 10),
                     "none",
                     kImage,
                     kChangedImages,
                     "Strength of RandAugment's operations.",
                     "7"};
  magnitude.needs = "augment.randaugment";
  add(magnitude);
  add({"augment.mixup", &a.mixup, between(0, 100), "none", kResult, kTrainedLayers,
       "Mixup (Zhang et al. 2018): alpha of the Beta(alpha, alpha) that the share of each image is "
       "drawn from. With CutMix on too, each batch gets one of the two. 0: off.",
       "0.2"});
  add({"augment.cutmix", &a.cutmix, between(0, 100), "none", kResult, kTrainedLayers,
       "CutMix (Yun et al. 2019), with alpha as for mixup. 0: off.", "1"});
}

}  // namespace transfer
