#include "datasets/formats/sample_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/core.hpp>

namespace transfer {
namespace {

template <typename Number>
void measure_numbers(const cv::Mat& samples, SampleTraits& traits) {
  const int width = samples.cols * samples.channels();
  for (int y = 0; y < samples.rows; ++y) {
    const auto* row = samples.ptr<Number>(y);
    for (int i = 0; i < width; ++i) {
      const auto value = static_cast<double>(row[i]);
      if (!std::isfinite(value)) {
        traits.has_non_finite = true;
        continue;
      }
      traits.smallest = std::min(traits.smallest, value);
      traits.largest = std::max(traits.largest, value);
      traits.is_whole = traits.is_whole && value == std::floor(value);
    }
  }
}

template <typename Number>
void scale_numbers(const cv::Mat& samples, const SampleRange& range, cv::Mat& scaled) {
  const double extent = range.white - range.black;
  const int width = samples.cols * samples.channels();
  for (int y = 0; y < samples.rows; ++y) {
    const auto* in = samples.ptr<Number>(y);
    auto* out = scaled.ptr(y);
    for (int i = 0; i < width; ++i) {
      const double value = (static_cast<double>(in[i]) - range.black) * 255.0 / extent;
      out[i] = value > 0 ? static_cast<unsigned char>(std::lround(std::min(value, 255.0))) : 0;
    }
  }
}

}  // namespace

SampleRange range_of_bits(int bits) { return {0, std::ldexp(1.0, bits) - 1}; }

void measure_samples(const cv::Mat& samples, SampleTraits& traits) {
  traits.smallest = std::numeric_limits<double>::infinity();
  traits.largest = -traits.smallest;
  switch (samples.depth()) {
    case CV_8U: measure_numbers<std::uint8_t>(samples, traits); return;
    case CV_8S: measure_numbers<std::int8_t>(samples, traits); return;
    case CV_16U: measure_numbers<std::uint16_t>(samples, traits); return;
    case CV_16S: measure_numbers<std::int16_t>(samples, traits); return;
    case CV_32S: measure_numbers<std::int32_t>(samples, traits); return;
    case CV_32F: measure_numbers<float>(samples, traits); return;
    default: measure_numbers<double>(samples, traits);
  }
}

SampleRange range_for(const EncodedImage& image, const SampleTraits& traits) {
  if (traits.smallest > traits.largest) throw broken_image(image, "holds no finite number");
  if (traits.kind == SampleKind::kKnown) return traits.stated.value_or(range_of_bits(8));
  if (image.sample_range) return *image.sample_range;
  if (traits.kind == SampleKind::kWhole) {
    const SampleRange low_bits = range_of_bits(traits.significant_bits);
    const bool has_fewer_bits = traits.significant_bits > 0 && traits.largest <= low_bits.white;
    return has_fewer_bits ? low_bits : range_of_bits(16);
  }
  if (traits.stated) return *traits.stated;
  if (traits.smallest >= 0 && traits.largest <= 1) return {0, 1};
  throw broken_image(
      image, fmt::format("holds values from {:.6g} to {:.6g}, and nothing says which of them are "
                         "black and white: without data.sample_range in training, floats are read "
                         "from 0 to 1 only. Convert it to 8 bits, or train with such images",
                         traits.smallest, traits.largest));
}

cv::Mat scale_to_8_bit(const cv::Mat& samples, const SampleRange& range) {
  cv::Mat scaled(samples.size(), CV_8UC(samples.channels()));
  switch (samples.depth()) {
    case CV_8U: scale_numbers<std::uint8_t>(samples, range, scaled); break;
    case CV_8S: scale_numbers<std::int8_t>(samples, range, scaled); break;
    case CV_16U: scale_numbers<std::uint16_t>(samples, range, scaled); break;
    case CV_16S: scale_numbers<std::int16_t>(samples, range, scaled); break;
    case CV_32S: scale_numbers<std::int32_t>(samples, range, scaled); break;
    case CV_32F: scale_numbers<float>(samples, range, scaled); break;
    default: scale_numbers<double>(samples, range, scaled);
  }
  return scaled;
}

}  // namespace transfer
