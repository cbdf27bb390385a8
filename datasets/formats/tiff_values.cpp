#include "datasets/formats/tiff_values.h"

#include <bit>
#include <limits>
#include <opencv2/core.hpp>
#include <optional>

namespace transfer {
namespace {

/// The bits of unsigned numbers: those of the samples, or fewer where MaxSampleValue says so and
/// the samples agree. Nothing where they may be fewer and no tag says so. A MaxSampleValue other
/// than 2ⁿ − 1 describes what the image holds and not what its samples mean, and so may a small
/// one.
std::optional<int> known_bits(const TiffLayout& layout, const cv::Mat& samples) {
  if (layout.bits != 8 && layout.bits != 16) return layout.bits;
  const bool is_word = layout.bits == 16;
  const auto otherwise = is_word ? std::nullopt : std::optional<int>(layout.bits);
  if (!layout.largest || *layout.largest < (is_word ? 255 : 15)) return otherwise;
  const unsigned past = *layout.largest + 1U;
  if (!std::has_single_bit(past)) return otherwise;
  SampleTraits held;
  measure_samples(samples, held, layout.missing);
  return held.largest > *layout.largest ? otherwise : std::countr_zero(past);
}

/// What the tags state as the smallest and largest value of 16-bit numbers, if that is true.
std::optional<SampleRange> stated_of_words(const TiffLayout& layout, const SampleTraits& held) {
  if (layout.stated) return layout.stated;
  if (!layout.smallest || !layout.largest || *layout.smallest >= *layout.largest) {
    return std::nullopt;
  }
  const SampleRange range{static_cast<double>(*layout.smallest),
                          static_cast<double>(*layout.largest)};
  const bool is_true = held.smallest >= range.black && held.largest <= range.white;
  return is_true ? std::optional(range) : std::nullopt;
}

}  // namespace

double largest_of_tiff_type(const TiffLayout& layout) {
  if (layout.format == SAMPLEFORMAT_IEEEFP) return std::numeric_limits<double>::infinity();
  return range_of_bits(layout.format == SAMPLEFORMAT_INT ? layout.bits - 1 : layout.bits).white;
}

SampleTraits tiff_sample_traits(const EncodedImage& image, const TiffLayout& layout,
                                const cv::Mat& samples) {
  SampleTraits traits;
  traits.ignored_bands = layout.ignored_bands();
  traits.largest_of_type = largest_of_tiff_type(layout);
  if (layout.format == SAMPLEFORMAT_UINT && layout.bits <= 16) {
    if (const auto bits = known_bits(layout, samples)) {
      traits.stated = range_of_bits(*bits);
      return traits;
    }
    traits.kind = SampleKind::kWhole;
    if (image.sample_range) return traits;
    measure_samples(samples, traits, layout.missing);
    traits.stated = stated_of_words(layout, traits);
  } else {
    traits.kind = SampleKind::kReal;
    traits.stated = layout.stated;
    measure_samples(samples, traits, layout.missing);
  }
  return traits;
}

SampleRange tiff_sample_range(const EncodedImage& image, const TiffLayout& layout,
                              const cv::Mat& samples) {
  return range_for(image, tiff_sample_traits(image, layout, samples));
}

cv::Mat tiff_samples_to_8_bit(const TiffLayout& layout, const cv::Mat& samples,
                              const SampleRange& range) {
  const SampleRange inverted{range.white, range.black};
  return scale_to_8_bit(samples, layout.is_inverted ? inverted : range, layout.missing);
}

}  // namespace transfer
