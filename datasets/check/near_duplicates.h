#pragma once

#include <cstdint>
#include <vector>

#include "datasets/check/image_scan.h"

namespace transfer {

/// How alike two images must be to show the same picture.
struct Likeness {
  /// The most bits in which their perceptual hashes differ; at most kMostBits.
  int bits = 0;
  /// The least correlation of their outlines.
  double correlation = 0;
};

/// What near_duplicates() can look for.
inline constexpr int kMostBits = 11;

/// Two images, by their positions; first < second.
struct AlikePair {
  std::size_t first = 0;
  std::size_t second = 0;
  /// Bits in which the hashes differ, and the correlation of the outlines.
  int bits = 0;
  double correlation = 0;
};

/// Bits in which two hashes differ.
int differing_bits(const ImageScan& one, const ImageScan& other);

/// The correlation of two outlines, −1 to 1.
double outline_correlation(const ImageScan& one, const ImageScan& other);

/// Whether an image is a picture at all: it can be read and is not of one shade.
bool shows_something(const ImageScan& scan);

/// The likeness that tells copies of a picture from different pictures of this data. Usually that
/// is 10 bits and 0.92, which finds images saved anew, resized and cropped by a few per cent. Where
/// different images are alike too, such as digits or drawings, it is stricter: the first level at
/// which an image has at most one like it on average, measured on a million pairs that `seed`
/// draws. More than that are no copies but what the data is like.
Likeness suitable_likeness(const std::vector<ImageScan>& scans, std::uint64_t seed = 0);

/// All pairs of images that are at least so alike, sorted; at most the hundred best of an image.
/// Exact for the hashes and without comparing all pairs (multi-index hashing: M. Norouzi et al.,
/// "Fast Search in Hamming Space with Multi-Index Hashing", 2012): of four bands of 16 bits at
/// least one differs in at most two bits. Images that do not show anything have no pair. Throws
/// Interrupted.
std::vector<AlikePair> near_duplicates(const std::vector<ImageScan>& scans,
                                       const Likeness& likeness);

}  // namespace transfer
