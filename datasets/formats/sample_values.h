#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <optional>

#include "datasets/formats/encoded_image.h"

namespace transfer {

/// Which range a file's samples have.
enum class SampleKind {
  kKnown,  ///< the format or the file's tags say what is black and white
  kWhole,  ///< unsigned 16-bit numbers that may have fewer bits: nothing says so
  kReal,   ///< floats, signed and 32-bit numbers: any range
};

/// What a file says and holds, as far as it is not one image of plain 8-bit samples.
struct SampleTraits {
  SampleKind kind = SampleKind::kKnown;
  /// The colours' finite values, for kWhole and kReal; smallest > largest where there is none. Both
  /// are 0 for kWhole where the whole range of 16 bits was given, which holds them all.
  double smallest = 0;
  double largest = 0;
  /// Whether these values are whole numbers.
  bool is_whole = true;
  /// The largest number that the samples' type holds; infinite for floats.
  double largest_of_type = 0;
  /// Whether some value is what the file calls missing (TIFF's GDAL_NODATA).
  bool has_missing = false;
  /// Whether some value is NaN or infinite.
  bool has_non_finite = false;
  /// For kWhole, the bits that the file calls significant (PNG's sBIT); 0 where it does not say.
  int significant_bits = 0;
  /// For kKnown the range, where it is not that of 8 bits. For the others, what the file states as
  /// its smallest and largest value (TIFF's SMinSampleValue and SMaxSampleValue, or MinSampleValue
  /// and MaxSampleValue): a range in some files, statistics of this image in others.
  std::optional<SampleRange> stated = std::nullopt;
  /// Frames or pages, of which the first is read.
  std::int64_t images = 1;
  /// Whether smaller copies or masks come before the image that is read.
  bool follows_smaller_copy = false;
  /// Bands beside the colours that are no alpha, such as near infrared. They are not read.
  int ignored_bands = 0;
  /// Whether the file has an alpha channel that is 0 everywhere and therefore does not count.
  bool has_unused_alpha = false;
  /// Whether every pixel is transparent, so that the image becomes white.
  bool is_transparent = false;
};

/// The range of unsigned numbers of `bits` bits.
SampleRange range_of_bits(int bits);

/// Fills in what the samples (any depth and number of channels) hold; `missing` is no value.
void measure_samples(const cv::Mat& samples, SampleTraits& traits,
                     const std::optional<double>& missing = std::nullopt);

/// The range by which an image is decoded: the one that it was given, or what its file says, or
/// the whole range of 16 bits, or 0 to 1 for floats between 0 and 1. Throws DataError where other
/// floats or signed numbers have none, and where no value is a finite number. REQUIRES: `traits`
/// are measured, or are kWhole and a range is given.
SampleRange range_for(const EncodedImage& image, const SampleTraits& traits);

/// The range of an alpha channel beside colours of that range: the same number of bits; where it
/// holds more, as many as its largest value just reaches, or all of its type. Floats have 0 to 1,
/// or to the colours' white where they go beyond 1. `largest_of_type` as in SampleTraits.
SampleRange range_of_alpha(const cv::Mat& alpha, const SampleRange& colours,
                           double largest_of_type);

/// Samples of any depth → 8 bits with the same channels: black, which may be the larger number,
/// becomes 0 and white 255. NaN and `missing` are black, infinite values are black or white.
cv::Mat scale_to_8_bit(const cv::Mat& samples, const SampleRange& range,
                       const std::optional<double>& missing = std::nullopt);

}  // namespace transfer
