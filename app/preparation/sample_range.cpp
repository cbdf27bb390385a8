#include "app/preparation/sample_range.h"

#include <fmt/format.h>

#include "core/errors.h"
#include "core/messages.h"
#include "datasets/sample_survey.h"

namespace transfer {
namespace {

/// The images that a message is about.
struct SurveyedImages {
  const std::vector<Sample>& samples;
  /// Such as "training images".
  const char* name;

  /// "3 of 20 training images, such as PATH,"
  std::string such_as(const FoundImages& found) const {
    return fmt::format("{} of {} {}, such as {},", found.count, samples.size(), name,
                       samples[found.first].path);
  }
};

std::string range_text(const SampleRange& range) {
  return fmt::format("{:.6g} to {:.6g}", range.black, range.white);
}

std::string values_text(const SampleValues& values, const char* kind) {
  return fmt::format("{} ({:.6g} to {:.6g})", kind, values.smallest, values.largest);
}

/// What holds whatever the range is. Networks that read bands see all of them, and all pages.
void report_special_images(const SampleSurvey& survey, const SurveyedImages& images,
                           bool has_colours) {
  if (survey.several.count > 0 && has_colours) {
    note("{} are animations or have several pages: the first image of each is used.",
         images.such_as(survey.several));
  }
  if (survey.after_smaller_copy.count > 0) {
    note("{} begin with a smaller copy or a mask: the first image of full size is used.",
         images.such_as(survey.after_smaller_copy));
  }
  if (survey.extra_bands.count > 0 && has_colours) {
    note("{} have bands that their files do not call alpha, such as infrared: these are ignored.",
         images.such_as(survey.extra_bands));
  }
  if (survey.unused_alpha.count > 0) {
    note("{} have an alpha channel that is 0 everywhere: it is ignored.",
         images.such_as(survey.unused_alpha));
  }
  if (survey.transparent.count > 0 && has_colours) {
    warn(
        "{} are transparent everywhere and become plain white. If their alpha channel was never "
        "filled in, remove it.",
        images.such_as(survey.transparent));
  }
  if (survey.missing.count > 0) {
    note("{} hold the number that their tag GDAL_NODATA calls missing: it becomes black.",
         images.such_as(survey.missing));
  }
  if (survey.non_finite.count > 0) {
    note(
        "{} hold values that are no finite numbers: NaN and minus infinity become black, infinity "
        "white.",
        images.such_as(survey.non_finite));
  }
}

void report_range(const SampleSurvey& survey, const SurveyedImages& images,
                  const SampleRange& range) {
  const UnsuitedImages unsuited = unsuited_images(survey, range);
  if (unsuited.outside.count > 0) {
    warn("{} hold values outside of the range {} (data.sample_range): they are cut off.",
         images.such_as(unsuited.outside), range_text(range));
  }
  if (unsuited.one_shade.count > 0) {
    warn(
        "{} hold values that the range {} (data.sample_range) makes a single shade. Such images "
        "need another range.",
        images.such_as(unsuited.one_shade), range_text(range));
  }
  if (unsuited.dark.count > 0) {
    warn(
        "{} fill less than a sixteenth of the range {} (data.sample_range) and are nearly black. "
        "Images that have fewer bits than the others need another range.",
        images.such_as(unsuited.dark), range_text(range));
  }
}

/// How images are read that need a range where there is none.
void report_missing_range(const SampleSurvey& survey, const SurveyedImages& images) {
  const UnsuitedImages unsuited = unsuited_images(survey, std::nullopt);
  if (unsuited.one_shade.count > 0) {
    warn(
        "{} hold 16-bit numbers that are a single shade in the range 0 to 65535, which is assumed "
        "without such images in training.",
        images.such_as(unsuited.one_shade));
  }
  if (unsuited.dark.count > 0) {
    warn(
        "{} hold 16-bit numbers up to 4095 only and are nearly black: without such images in "
        "training, 0 to 65535 is assumed.",
        images.such_as(unsuited.dark));
  }
  if (survey.real.images.count > 0) {
    note(
        "{} hold {}, and no training image did: floats are read from 0 to 1, others are left "
        "out unless their files state a range.",
        images.such_as(survey.real.images),
        values_text(survey.real, "floats, signed or 32-bit numbers"));
  }
}

void report(const SampleSurvey& survey, const SurveyedImages& images, const Preprocessing& p) {
  report_special_images(survey, images, reads_colours(p));
  if (p.sample_range) {
    report_range(survey, images, *p.sample_range);
  } else {
    report_missing_range(survey, images);
  }
}

/// Throws DataError where images of a kind need another range than the one that suits them all.
void require_one_range(const SampleValues& values, const SampleRange& range,
                       const SurveyedImages& images) {
  const auto other = images_of_other_range(values, range);
  if (!other) return;
  throw DataError(fmt::format(
      "no single range suits the {}: {} reach no further than {:.6g}, as if they needed the range "
      "{}, and others need {}. Convert the ones to the range of the others, or all of them to 8 "
      "bits. If they belong together as they are, set data.sample_range=[{:.6g},{:.6g}].",
      images.name, images.such_as(other->images), other->range.white, range_text(other->range),
      range_text(range), range.black, range.white));
}

/// The range that suits the training images; nothing where none needs one.
std::optional<SampleRange> range_of_training(const SampleSurvey& survey,
                                             const SurveyedImages& images) {
  const bool has_whole = survey.whole.images.count > 0;
  const bool has_real = survey.real.images.count > 0;
  if (!has_whole && !has_real) return std::nullopt;
  const SampleRange of_whole = has_whole ? suitable_range(survey.whole) : SampleRange{};
  const SampleRange of_real = has_real ? suitable_range(survey.real) : SampleRange{};
  if (has_whole && has_real && of_whole != of_real) {
    throw DataError(fmt::format(
        "no single range suits the {}: {} hold 16-bit numbers, which need the range {}, and {} "
        "hold "
        "{}, which need {}. Convert the ones to the kind of the others, or all of them to 8 bits.",
        images.name, images.such_as(survey.whole.images), range_text(of_whole),
        images.such_as(survey.real.images),
        values_text(survey.real, "floats, signed or 32-bit numbers"), range_text(of_real)));
  }
  const SampleRange range = has_whole ? of_whole : of_real;
  if (has_whole) require_one_range(survey.whole, range, images);
  if (has_real) require_one_range(survey.real, range, images);
  return range;
}

void report_choice(const SampleSurvey& survey, const SurveyedImages& images,
                   const SampleRange& range) {
  const bool is_whole = survey.whole.images.count > 0;
  const SampleValues& values = is_whole ? survey.whole : survey.real;
  const bool has_16_bits = is_whole && range.white == 65535;
  note(
      "{} hold {}: {:.6g} becomes black and {:.6g} white, in training and wherever the model is "
      "used. Set data.sample_range for another range.",
      images.such_as(values.images),
      has_16_bits
          ? "16-bit numbers"
          : values_text(values, is_whole ? "16-bit numbers" : "floats, signed or 32-bit numbers"),
      range.black, range.white);
}

}  // namespace

std::optional<SampleRange> sample_range(const Config& config) {
  const auto& range = config.data.sample_range;
  return range ? std::optional<SampleRange>({(*range)[0], (*range)[1]}) : std::nullopt;
}

SampleSurvey settle_sample_range(Config& config, const Dataset& dataset, std::int64_t threads) {
  const SurveyedImages training{dataset.train, "training images"};
  const std::optional<SampleRange> given = sample_range(config);
  SampleSurvey survey = survey_samples(dataset.train, threads);
  if (given) {
    if (survey.whole.images.count + survey.real.images.count == 0) {
      warn(
          "data.sample_range has no effect on the training images: their files say what is black "
          "and white.");
    }
    return survey;
  }
  if (const auto range = range_of_training(survey, training)) {
    report_choice(survey, training, *range);
    config.data.sample_range = Range{range->black, range->white};
  }
  return survey;
}

void report_sample_values(const SampleSurvey& training, const Dataset& dataset,
                          const Preprocessing& preprocessing, std::int64_t threads) {
  report(training, {dataset.train, "training images"}, preprocessing);
  std::vector<Sample> others = dataset.val;
  others.insert(others.end(), dataset.test.begin(), dataset.test.end());
  report(survey_samples(others, threads), {others, "validation and test images"}, preprocessing);
}

void report_sample_values(const std::vector<Sample>& samples, const Preprocessing& preprocessing,
                          std::int64_t threads) {
  report(survey_samples(samples, threads), {samples, "images"}, preprocessing);
}

}  // namespace transfer
