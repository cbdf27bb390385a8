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
  if (survey.extra_bands.count > 0 && has_colours) {
    note("{} have bands that their files do not call alpha, such as infrared: these are ignored.",
         images.such_as(survey.extra_bands));
  }
  if (survey.unused_alpha.count > 0) {
    note("{} have an alpha channel that is 0 everywhere: it is ignored.",
         images.such_as(survey.unused_alpha));
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
  if (survey.outside.count > 0) {
    warn("{} hold values outside of the range {} (data.sample_range): they are cut off.",
         images.such_as(survey.outside), range_text(range));
  }
  if (survey.one_shade.count > 0) {
    warn(
        "{} hold values that the range {} (data.sample_range) makes a single shade. Such images "
        "need another range.",
        images.such_as(survey.one_shade), range_text(range));
  }
}

/// How images are read that need a range where there is none.
void report_missing_range(const SampleSurvey& survey, const SurveyedImages& images) {
  constexpr double kMostOf12Bits = 4095;
  if (survey.whole.images.count > 0 && survey.whole.significant_bits == 0 &&
      survey.whole.largest <= kMostOf12Bits) {
    warn(
        "{} hold 16-bit numbers up to {:.6g} only and are nearly black: without such images in "
        "training, 0 to 65535 is assumed.",
        images.such_as(survey.whole.images), survey.whole.largest);
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
  return has_whole ? of_whole : of_real;
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
  SampleSurvey survey = survey_samples(dataset.train, given, threads);
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
  report(survey_samples(others, preprocessing.sample_range, threads),
         {others, "validation and test images"}, preprocessing);
}

void report_sample_values(const std::vector<Sample>& samples, const Preprocessing& preprocessing,
                          std::int64_t threads) {
  report(survey_samples(samples, preprocessing.sample_range, threads), {samples, "images"},
         preprocessing);
}

}  // namespace transfer
