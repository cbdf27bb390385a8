#include "datasets/formats/sample_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/core.hpp>

namespace transfer {
namespace {

template <typename Number>
void measure_numbers(const cv::Mat& samples, const std::optional<double>& missing,
                     SampleTraits& traits) {
  const int width = samples.cols * samples.channels();
  for (int y = 0; y < samples.rows; ++y) {
    const auto* row = samples.ptr<Number>(y);
    for (int i = 0; i < width; ++i) {
      const auto value = static_cast<double>(row[i]);
      if (!std::isfinite(value)) {
        traits.has_non_finite = true;
        continue;
      }
      if (missing && value == *missing) {
        traits.has_missing = true;
        continue;
      }
      traits.smallest = std::min(traits.smallest, value);
      traits.largest = std::max(traits.largest, value);
      traits.is_whole = traits.is_whole && value == std::floor(value);
    }
  }
}

template <typename Number>
void scale_numbers(const cv::Mat& samples, const SampleRange& range,
                   const std::optional<double>& missing, cv::Mat& scaled) {
  const double extent = range.white - range.black;
  const int width = samples.cols * samples.channels();
  for (int y = 0; y < samples.rows; ++y) {
    const auto* in = samples.ptr<Number>(y);
    auto* out = scaled.ptr(y);
    for (int i = 0; i < width; ++i) {
      const auto sample = static_cast<double>(in[i]);
      const double value = (sample - range.black) * 255.0 / extent;
      const bool is_black = !(value > 0) || (missing && sample == *missing);
      out[i] = is_black ? 0 : static_cast<unsigned char>(std::lround(std::min(value, 255.0)));
    }
  }
}

}  // namespace

SampleRange range_of_bits(int bits) { return {0, std::ldexp(1.0, bits) - 1}; }

void measure_samples(const cv::Mat& samples, SampleTraits& traits,
                     const std::optional<double>& missing) {
  traits.smallest = std::numeric_limits<double>::infinity();
  traits.largest = -traits.smallest;
  switch (samples.depth()) {
    case CV_8U: measure_numbers<std::uint8_t>(samples, missing, traits); return;
    case CV_8S: measure_numbers<std::int8_t>(samples, missing, traits); return;
    case CV_16U: measure_numbers<std::uint16_t>(samples, missing, traits); return;
    case CV_16S: measure_numbers<std::int16_t>(samples, missing, traits); return;
    case CV_32S: measure_numbers<std::int32_t>(samples, missing, traits); return;
    case CV_32F: measure_numbers<float>(samples, missing, traits); return;
    default: measure_numbers<double>(samples, missing, traits);
  }
}

SampleRange range_for(const EncodedImage& image, const SampleTraits& traits) {
  const bool is_empty = traits.smallest > traits.largest;
  if (is_empty && !traits.has_missing) throw broken_image(image, "holds no finite number");
  if (traits.kind == SampleKind::kKnown) return traits.stated.value_or(range_of_bits(8));
  if (image.sample_range) return *image.sample_range;
  if (traits.stated) return *traits.stated;
  if (traits.kind == SampleKind::kWhole) {
    const SampleRange low_bits = range_of_bits(traits.significant_bits);
    const bool has_fewer_bits = traits.significant_bits > 0 && traits.largest <= low_bits.white;
    return has_fewer_bits ? low_bits : range_of_bits(16);
  }
  if (traits.smallest >= 0 && traits.largest <= 1) return {0, 1};
  throw broken_image(
      image, fmt::format("holds values from {:.6g} to {:.6g}, and nothing says which of them are "
                         "black and white: without data.sample_range in training, floats are read "
                         "from 0 to 1 only. Convert it to 8 bits, or train with such images",
                         traits.smallest, traits.largest));
}

SampleRange range_of_alpha(const cv::Mat& alpha, const SampleRange& colours,
                           double largest_of_type) {
  SampleTraits held;
  measure_samples(alpha, held);
  if (held.smallest < 0) return colours;
  if (!std::isfinite(largest_of_type)) {
    for (const double white : {1.0, colours.white, 255.0, 65535.0}) {
      if (held.largest <= white) return {0, white};
    }
    return {0, held.largest};
  }
  bool is_first = true;
  for (const int bits : {4, 5, 6, 7, 8, 10, 12, 14, 16}) {
    const double white = std::min(range_of_bits(bits).white, largest_of_type);
    if (white < colours.white) continue;
    if (is_first ? held.largest <= white : held.largest == white) return {0, white};
    is_first = false;
  }
  return {0, largest_of_type};
}

cv::Mat scale_to_8_bit(const cv::Mat& samples, const SampleRange& range,
                       const std::optional<double>& missing) {
  cv::Mat scaled(samples.size(), CV_8UC(samples.channels()));
  switch (samples.depth()) {
    case CV_8U: scale_numbers<std::uint8_t>(samples, range, missing, scaled); break;
    case CV_8S: scale_numbers<std::int8_t>(samples, range, missing, scaled); break;
    case CV_16U: scale_numbers<std::uint16_t>(samples, range, missing, scaled); break;
    case CV_16S: scale_numbers<std::int16_t>(samples, range, missing, scaled); break;
    case CV_32S: scale_numbers<std::int32_t>(samples, range, missing, scaled); break;
    case CV_32F: scale_numbers<float>(samples, range, missing, scaled); break;
    default: scale_numbers<double>(samples, range, missing, scaled);
  }
  return scaled;
}

}  // namespace transfer
