#include "datasets/image_shapes.h"

#include <algorithm>

#include "core/cancellation.h"
#include "core/errors.h"
#include "datasets/decode.h"

namespace transfer {
namespace {

double median(std::vector<double>& numbers) {
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  return *middle;
}

}  // namespace

ImageShapes measure_shapes(const std::vector<Sample>& samples, std::int64_t most) {
  const auto count = std::min<std::size_t>(samples.size(), static_cast<std::size_t>(most));
  std::vector<double> sides;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < count; ++i) {
    throw_if_stopped();
    try {
      const cv::Mat image = decode_sample(samples[i * samples.size() / count]);
      const auto [shorter, longer] = std::minmax(image.rows, image.cols);
      sides.push_back(shorter);
      ratios.push_back(static_cast<double>(longer) / static_cast<double>(shorter));
    } catch (const DataError&) {  // told of where the images are read
    }
  }
  if (sides.empty()) return {};
  return {static_cast<std::int64_t>(sides.size()), median(sides), median(ratios)};
}

double kept_by_crop(double aspect_ratio, double side, double resize) {
  const double kept = std::min(side / resize, 1.0);
  return kept * kept / aspect_ratio;
}

}  // namespace transfer
