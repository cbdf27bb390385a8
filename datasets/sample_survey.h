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

/// What an image holds whose file does not say which values are black and white.
struct ImageValues {
  /// In the list.
  std::size_t position = 0;
  /// Of its finite values; smallest > largest where there is none.
  double smallest = 0;
  double largest = 0;
  bool is_whole = true;
  /// Whether the file says after all how far its values may go, which counts where no range of a
  /// data set is known.
  bool is_self_describing = false;
};

/// What images hold whose files do not say which values are black and white.
struct SampleValues {
  FoundImages images;
  /// One by one, in the order of the list.
  std::vector<ImageValues> each = {};
  /// Of all finite values; smallest > largest where there is none.
  double smallest = std::numeric_limits<double>::infinity();
  double largest = -std::numeric_limits<double>::infinity();
  bool is_whole = true;
  /// The largest number that the files' types hold; infinite for floats.
  double largest_of_type = std::numeric_limits<double>::infinity();
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
  /// With values that the file calls missing.
  FoundImages missing;
  /// Animations and files of several pages.
  FoundImages several;
  /// With smaller copies or masks before the image that is read.
  FoundImages after_smaller_copy;
  FoundImages extra_bands;
  FoundImages unused_alpha;
  /// That are transparent everywhere.
  FoundImages transparent;
};

/// Looks through the samples' files on `threads` threads. Throws Interrupted.
SampleSurvey survey_samples(const std::vector<Sample>& samples, std::int64_t threads);

/// The range that suits the values of a whole training set:
/// - what all files state, if they do;
/// - for whole numbers from 0 on: 8, 10, 12, 14 or 16 bits, the fewest that hold them and that a
///   file calls significant, but no more than the files' type holds;
/// - for fractions: 0 to 1; 0 to 255 where the largest is above the half of that; −1 to 1;
/// - else, and where a range of the above would be filled to less than a quarter, the smallest (0
///   where it lies between 0 and half of the largest) and the largest value.
SampleRange suitable_range(const SampleValues& values);

/// Images that a range does not suit.
struct UnsuitedImages {
  /// With values outside of the range.
  FoundImages outside;
  /// Whose different values the range makes the same shade.
  FoundImages one_shade;
  /// That are nearly black: they fill less than a sixteenth of the range, at its black end.
  FoundImages dark;
};

/// Without a range, that of 16 bits for whole numbers whose files say nothing.
UnsuitedImages unsuited_images(const SampleSurvey& survey, const std::optional<SampleRange>& range);

/// Images that were made for another range than that of their data set.
struct OtherRange {
  FoundImages images;
  SampleRange range;
};

/// Images whose values show that: fractions that reach no further than 1, in a range of at least
/// 100, and 16-bit numbers of fewer bits, several of which reach just the largest number of these
/// bits. Nothing where there is none.
std::optional<OtherRange> images_of_other_range(const SampleValues& values,
                                                const SampleRange& range);

}  // namespace transfer
