#include "datasets/formats/tiff_values.h"

#include <bit>
#include <opencv2/core.hpp>
#include <optional>

namespace transfer {
namespace {

/// The bits of unsigned numbers: those of the samples, or fewer where MaxSampleValue says so and
/// the samples agree. Nothing where they may be fewer and no tag says so. A MaxSampleValue other
/// than 2ⁿ − 1 describes what the image holds and not what its samples mean.
std::optional<int> known_bits(const TiffLayout& layout, const cv::Mat& samples) {
  constexpr int kWords = 16;
  if (layout.bits != kWords) return layout.bits;
  if (!layout.largest || *layout.largest < 255) return std::nullopt;
  const unsigned past = *layout.largest + 1U;
  if (!std::has_single_bit(past)) return std::nullopt;
  SampleTraits held;
  measure_samples(samples, held);
  if (held.largest > *layout.largest) return std::nullopt;
  return std::countr_zero(past);
}

}  // namespace

SampleTraits tiff_sample_traits(const EncodedImage& image, const TiffLayout& layout,
                                const cv::Mat& samples) {
  SampleTraits traits;
  traits.ignored_bands = layout.ignored_bands();
  if (layout.format == SAMPLEFORMAT_UINT && layout.bits <= 16) {
    if (const auto bits = known_bits(layout, samples)) {
      traits.stated = range_of_bits(*bits);
      return traits;
    }
    traits.kind = SampleKind::kWhole;
    if (image.sample_range != range_of_bits(16)) measure_samples(samples, traits);
  } else {
    traits.kind = SampleKind::kReal;
    traits.stated = layout.stated;
    measure_samples(samples, traits);
  }
  return traits;
}

cv::Mat tiff_samples_to_8_bit(const EncodedImage& image, const TiffLayout& layout,
                              const cv::Mat& samples) {
  cv::Mat scaled =
      scale_to_8_bit(samples, range_for(image, tiff_sample_traits(image, layout, samples)));
  if (layout.is_inverted) cv::bitwise_not(scaled, scaled);
  return scaled;
}

}  // namespace transfer
