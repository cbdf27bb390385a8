#include "datasets/sample_survey.h"

#include <gtest/gtest.h>
#include <tiffio.h>

#include <opencv2/core.hpp>

#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

SampleRange range_of(double smallest, double largest, bool is_whole, int bits = 0) {
  SampleValues values;
  values.images.count = 1;
  values.smallest = smallest;
  values.largest = largest;
  values.is_whole = is_whole;
  values.significant_bits = bits;
  return suitable_range(values);
}

TEST(SuitableRange, WholeNumbersHaveTheFewestBitsThatHoldThem) {
  EXPECT_EQ(range_of(3, 200, true), (SampleRange{0, 255}));
  EXPECT_EQ(range_of(0, 1000, true), (SampleRange{0, 1023}));
  EXPECT_EQ(range_of(320, 3744, true), (SampleRange{0, 4095}));
  EXPECT_EQ(range_of(0, 16383, true), (SampleRange{0, 16383}));
  EXPECT_EQ(range_of(0, 16384, true), (SampleRange{0, 65535}));
  EXPECT_EQ(range_of(0, 900, true, 12), (SampleRange{0, 4095})) << "a file says 12 bits";
  EXPECT_EQ(range_of(0, 40, true), (SampleRange{0, 40}));
  EXPECT_EQ(range_of(0, 100000, true), (SampleRange{0, 100000}));
  EXPECT_EQ(range_of(29000, 31040, true), (SampleRange{29000, 31040})) << "far from 0 and narrow";
  EXPECT_EQ(range_of(29000, 62000, true), (SampleRange{0, 65535}));
}

TEST(SuitableRange, FractionsHaveAnUsualRangeOrTheirOwn) {
  EXPECT_EQ(range_of(0.1, 0.9, false), (SampleRange{0, 1}));
  EXPECT_EQ(range_of(0, 1, true), (SampleRange{0, 1}));
  EXPECT_EQ(range_of(20.5, 234.5, false), (SampleRange{0, 255}));
  EXPECT_EQ(range_of(-0.9, 0.95, false), (SampleRange{-1, 1}));
  EXPECT_EQ(range_of(0, 0.01, false), (SampleRange{0, 0.01}));
  EXPECT_EQ(range_of(0, 5.5, false), (SampleRange{0, 5.5}));
  EXPECT_EQ(range_of(280.5, 310.5, false), (SampleRange{280.5, 310.5}));
  EXPECT_EQ(range_of(-1024, 3071, true), (SampleRange{-1024, 3071}));
  EXPECT_EQ(range_of(-0.01, 1, false), (SampleRange{-0.01, 1}));
}

TEST(SuitableRange, IsNeverEmpty) {
  for (const auto& [smallest, largest] :
       {std::pair{0.0, 0.0}, {5.5, 5.5}, {-3.0, -3.0}, {1e300, -1e300}}) {
    const SampleRange range = range_of(smallest, largest, smallest != 5.5);
    EXPECT_LT(range.black, range.white) << smallest;
  }
}

/// Files of a folder as samples, and what a survey finds.
class SurveyOfFiles {
 public:
  void add(const std::string& name, const std::string& bytes) {
    samples_.push_back({folder_.write(name, bytes)});
  }
  SampleSurvey run(int threads = 3) const { return survey_samples(samples_, threads); }

 private:
  TemporaryFolder folder_;
  std::vector<Sample> samples_;
};

std::string grey_words(int value) { return encode_png(cv::Mat(2, 2, CV_16UC1, cv::Scalar(value))); }
std::string grey_floats(double value) {
  return encode_tiff(cv::Mat(2, 2, CV_32FC1, cv::Scalar(value)));
}

TEST(SampleSurvey, PlainAndBrokenImagesGiveNothing) {
  SurveyOfFiles files;
  for (const std::string ending : {".png", ".bmp", ".tiff", ".webp", ".jpg"}) {
    const std::string bytes = encode(gradient(16, 16), ending);
    files.add("good" + ending, bytes);
    files.add("cut" + ending, bytes.substr(0, 40));
  }
  files.add("empty.tif", "");
  const SampleSurvey survey = files.run();
  EXPECT_EQ(survey.whole.images.count + survey.real.images.count, 0);
  EXPECT_EQ(survey.several.count + survey.extra_bands.count + survey.unused_alpha.count, 0);
}

TEST(SampleSurvey, TheDataSetDecidesAsAWhole) {
  SurveyOfFiles files;
  files.add("plain.png", encode(gradient(8, 8), ".png"));
  files.add("a.png", grey_words(700));
  files.add("b.png", grey_words(3000));
  files.add("c.tif", encode_tiff(cv::Mat(2, 2, CV_16UC1, cv::Scalar(10))));
  const SampleSurvey survey = files.run();
  EXPECT_EQ(survey.whole.images.count, 3);
  EXPECT_EQ(survey.whole.images.first, 1U);
  EXPECT_EQ(suitable_range(survey.whole), (SampleRange{0, 4095}));
  files.add("d.png", grey_words(50000));
  EXPECT_EQ(suitable_range(files.run().whole), (SampleRange{0, 65535}));
  EXPECT_EQ(suitable_range(files.run(1).whole), (SampleRange{0, 65535}));
}

TEST(SampleSurvey, StatedRangesCountTogether) {
  const auto stated = [](int smallest, int largest) {
    return encode_tiff(cv::Mat(2, 2, CV_32FC1, cv::Scalar(5)),
                       {{TIFFTAG_SMINSAMPLEVALUE, smallest}, {TIFFTAG_SMAXSAMPLEVALUE, largest}});
  };
  SurveyOfFiles files;
  files.add("a.tif", stated(-3, 10));
  files.add("b.tif", stated(0, 40));
  EXPECT_EQ(suitable_range(files.run().real), (SampleRange{-3, 40}));
  files.add("c.tif", grey_floats(200.5));
  EXPECT_EQ(suitable_range(files.run().real), (SampleRange{0, 255})) << "one states none";
}

TEST(SampleSurvey, ImagesThatARangeDoesNotSuitAreFound) {
  SurveyOfFiles files;
  files.add("inside.png", grey_words(3000));
  files.add("above.png", grey_words(5000));
  files.add("below.tif", grey_floats(-1));
  files.add("flat.tif", encode_tiff((cv::Mat_<float>(1, 2) << 0.0F, 1.0F)));
  files.add("dark.png", encode_png((cv::Mat_<std::uint16_t>(1, 2) << 0, 200)));
  const UnsuitedImages unsuited = unsuited_images(files.run(), SampleRange{0, 4095});
  EXPECT_EQ(unsuited.outside.count, 2);
  EXPECT_EQ(unsuited.outside.first, 1U);
  EXPECT_EQ(unsuited.one_shade.count, 1);
  EXPECT_EQ(unsuited.one_shade.first, 3U);
  EXPECT_EQ(unsuited.dark.count, 1);
  EXPECT_EQ(unsuited.dark.first, 4U);
}

TEST(SampleSurvey, WithoutARangeDarkWordsAreThoseThatSayNothing) {
  const cv::Mat dark = (cv::Mat_<std::uint16_t>(1, 2) << 0, 4000);
  SurveyOfFiles files;
  files.add("a.tif", encode_tiff(dark));
  files.add("b.tif",
            encode_tiff(dark, {{TIFFTAG_MINSAMPLEVALUE, 0}, {TIFFTAG_MAXSAMPLEVALUE, 4000}}));
  EXPECT_EQ(unsuited_images(files.run(), std::nullopt).dark.count, 1);
}

TEST(SampleSurvey, TheContentDecidesAndNotTheEnding) {
  SurveyOfFiles files;
  files.add("a.jpg", grey_words(3000));
  files.add("b.jpeg", grey_floats(0.5));
  files.add("c.jpe", encode_jpeg(gradient(16, 16)));
  const SampleSurvey survey = files.run();
  EXPECT_EQ(survey.whole.images.count, 1);
  EXPECT_EQ(survey.real.images.count, 1);
}

/// Two grey values as samples of that type.
template <typename Number>
std::string grey_pair(Number a, Number b) {
  return encode_tiff((cv::Mat_<Number>(1, 2) << a, b));
}

TEST(SampleSurvey, ImagesMadeForAnotherRangeAreFound) {
  SurveyOfFiles floats;
  floats.add("a.tif", grey_pair<float>(0, 255));
  floats.add("b.tif", grey_pair<float>(0.25F, 0.75F));
  SampleValues values = floats.run().real;
  const auto fractions = images_of_other_range(values, suitable_range(values));
  ASSERT_TRUE(fractions);
  EXPECT_EQ(fractions->images.count, 1);
  EXPECT_EQ(fractions->images.first, 1U);
  EXPECT_EQ(fractions->range, (SampleRange{0, 1}));

  SurveyOfFiles words;
  words.add("a.tif", grey_pair<std::uint16_t>(0, 60000));
  words.add("b.tif", grey_pair<std::uint16_t>(3, 4095));
  values = words.run().whole;
  EXPECT_FALSE(images_of_other_range(values, suitable_range(values))) << "one is an accident";
  words.add("c.tif", grey_pair<std::uint16_t>(0, 3000));
  words.add("d.tif", grey_pair<std::uint16_t>(9, 4095));
  values = words.run().whole;
  const auto few_bits = images_of_other_range(values, suitable_range(values));
  ASSERT_TRUE(few_bits);
  EXPECT_EQ(few_bits->images.count, 2);
  EXPECT_EQ(few_bits->range, (SampleRange{0, 4095}));
}

TEST(SampleSurvey, SignedNumbersReachNoFurtherThanTheirType) {
  SurveyOfFiles words;
  words.add("a.tif", grey_pair<std::int16_t>(0, 32767));
  EXPECT_EQ(suitable_range(words.run().real), (SampleRange{0, 32767}));
  SurveyOfFiles bytes;
  bytes.add("a.tif", encode_tiff((cv::Mat_<schar>(1, 2) << 0, 127)));
  EXPECT_EQ(suitable_range(bytes.run().real), (SampleRange{0, 127}));
  SurveyOfFiles few;
  few.add("a.tif", grey_pair<std::int16_t>(0, 200));
  EXPECT_EQ(suitable_range(few.run().real), (SampleRange{0, 255}));
}

TEST(SampleSurvey, InksNeedARangeAsWell) {
  const cv::Mat inks(2, 2, CV_16UC4, cv::Scalar(0, 4000, 300, 0));
  SurveyOfFiles files;
  files.add("a.tif", encode_tiff(inks, {{TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_SEPARATED}}));
  EXPECT_EQ(suitable_range(files.run().whole), (SampleRange{0, 4095}));
}

TEST(SampleSurvey, MissingValuesDoNotCount) {
  const cv::Mat heights = (cv::Mat_<float>(1, 3) << -9999.0F, 100.5F, 250.0F);
  SurveyOfFiles files;
  files.add("a.tif", encode_tiff(heights, {{kGdalNoData, -9999}}));
  files.add("b.tif", encode_tiff(heights));
  const SampleSurvey survey = files.run();
  EXPECT_EQ(survey.missing.count, 1);
  EXPECT_EQ(survey.real.each.at(0).smallest, 100.5);
  EXPECT_EQ(survey.real.each.at(1).smallest, -9999);
}

TEST(SampleSurvey, WhateverElseIsSpecialIsCounted) {
  SurveyOfFiles files;
  files.add("infrared.tif", encode_tiff(cv::Mat(2, 2, CV_8UC4, cv::Scalar::all(9)),
                                        {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNSPECIFIED}}));
  files.add("nan.tif", grey_floats(std::numeric_limits<double>::quiet_NaN()));
  files.add("cut.gif", "GIF89a");
  const cv::Mat clear(2, 2, CV_8UC4, cv::Scalar(9, 9, 9, 0));
  files.add("clear.png", encode_png(clear));
  files.add("clear.tif", encode_tiff(clear, {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNASSALPHA}}));
  files.add("deep.png", encode_png(cv::Mat(2, 2, CV_16UC2, cv::Scalar(9, 0))));
  files.add("half.png", encode_png(cv::Mat(2, 2, CV_8UC4, cv::Scalar(9, 9, 9, 1))));
  const SampleSurvey survey = files.run();
  EXPECT_EQ(survey.extra_bands.count, 1);
  EXPECT_EQ(survey.non_finite.count, 1);
  EXPECT_EQ(survey.non_finite.first, 1U);
  EXPECT_EQ(survey.transparent.count, 3);
  EXPECT_EQ(survey.transparent.first, 3U);
}

}  // namespace
}  // namespace transfer
