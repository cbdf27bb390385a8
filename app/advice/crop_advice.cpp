#include "app/advice/crop_advice.h"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/image_shapes.h"

namespace transfer {

std::string crop_advice(const Preparation& p) {
  constexpr double kLeastKept = 0.5;
  const Preprocessing& input = p.preprocessing();
  const bool crops = input.resize_rule == ResizeRule::kShorterSide;
  const bool is_square = input.height == input.width;
  const bool is_compared =
      p.config.quality == Quality::kBalanced || p.config.quality == Quality::kBest;
  if (!crops || !is_square || p.config.data.resize || is_compared) return "";
  const ImageShapes shapes = measure_shapes(p.dataset.train);
  if (shapes.images == 0) return "";
  const double kept = kept_by_crop(shapes.aspect_ratio, static_cast<double>(input.width),
                                   static_cast<double>(std::max<std::int64_t>(input.resize, 1)));
  if (kept >= kLeastKept) return "";
  return fmt::format(
      "the centre crop keeps {:.0f} % of a typical image, whose longer side is {:.2g} times the "
      "shorter one, so what lies near the edges is not seen. --set data.resize=stretch and "
      "data.resize=pad show whole images; --quality balanced tries all three.",
      100 * kept, shapes.aspect_ratio);
}

}  // namespace transfer
