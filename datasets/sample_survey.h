#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/preprocessing.h"
#include "datasets/dataset.h"

namespace transfer {

/// Images of a list that have something in common.
struct FoundImages {
  std::int64_t count = 0;
  /// Position of the first in the list.
  std::size_t first = 0;
};

/// What images hold whose files do not say which values are black and white.
struct SampleValues {
  FoundImages images;
  /// Of all finite values; smallest > largest where there is none.
  double smallest = std::numeric_limits<double>::infinity();
  double largest = -std::numeric_limits<double>::infinity();
  bool is_whole = true;
  /// The most bits that files call significant; 0 where none does.
  int significant_bits = 0;
  /// What the files state, together; nothing where one of them does not.
  std::optional<SampleRange> stated = std::nullopt;
};

/// What a list of images holds beside plain 8-bit samples of a single image. Only files that can
/// hold such are opened; broken ones are passed over.
struct SampleSurvey {
  /// Unsigned 16-bit numbers.
  SampleValues whole;
  /// Floats, signed and 32-bit numbers.
  SampleValues real;
  FoundImages non_finite;
  /// With values outside of the range that was given.
  FoundImages outside;
  /// Whose different values the range makes the same shade.
  FoundImages one_shade;
  /// Animations and files of several pages.
  FoundImages several;
  FoundImages extra_bands;
  FoundImages unused_alpha;
};

/// Looks through the samples' files on `threads` threads. `range` is the one that they will be
/// decoded with, where it is known. Throws Interrupted.
SampleSurvey survey_samples(const std::vector<Sample>& samples,
                            const std::optional<SampleRange>& range, std::int64_t threads);

/// The range that suits the values of a whole training set:
/// - what all files state, if they do;
/// - for whole numbers from 0 on: 8, 10, 12, 14 or 16 bits, the fewest that hold them and that a
///   file calls significant;
/// - for fractions: 0 to 1; 0 to 255 where the largest is above the half of that; −1 to 1;
/// - else, and where a range of the above would be filled to less than a quarter, the smallest (0
///   where it lies between 0 and half of the largest) and the largest value.
SampleRange suitable_range(const SampleValues& values);

}  // namespace transfer
