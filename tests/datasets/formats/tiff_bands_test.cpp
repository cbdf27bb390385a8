#include <gmock/gmock.h>
#include <tiffio.h>

#include <opencv2/core.hpp>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "datasets/augment.h"
#include "datasets/decode.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

using testing::HasSubstr;

/// `count` bands of 8 bits, another pattern in each.
cv::Mat some_bands(int count, int width = 9, int height = 7) {
  cv::Mat image(height, width, CV_8UC(count));
  for (int y = 0; y < height; ++y) {
    for (int i = 0; i < width * count; ++i) {
      image.ptr(y)[i] = static_cast<unsigned char>((y * 31 + i * 17 + i % count * 40) % 256);
    }
  }
  return image;
}

/// A TIFF whose pages are the images; `kind` is TIFFTAG_SUBFILETYPE of all but the first.
std::string encode_pages(const std::vector<cv::Mat>& pages, std::uint32_t kind = 0) {
  const TemporaryFolder folder;
  const std::string file = folder / "pages.tiff";
  TIFF* tiff = TIFFOpen(file.c_str(), "w");
  for (std::size_t page = 0; page < pages.size(); ++page) {
    const cv::Mat& image = pages[page];
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, image.cols);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, image.rows);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, image.channels());
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC,
                 image.channels() == 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    if (page > 0) TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, kind);
    for (int y = 0; y < image.rows; ++y) {
      cv::Mat row = image.row(y).clone();
      TIFFWriteScanline(tiff, row.data, static_cast<std::uint32_t>(y), 0);
    }
    TIFFWriteDirectory(tiff);
  }
  TIFFClose(tiff);
  return read_file(file);
}

std::string band_error(const std::string& bytes, int bands) {
  try {
    decode_bands(bytes, "folder/a.tif", bands);
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

TEST(TiffBands, AreReadAsTheyAreStored) {
  for (const int count : {2, 4, 5, 13}) {
    const cv::Mat image = some_bands(count);
    for (const auto& tags : std::vector<std::vector<std::pair<std::uint32_t, int>>>{
             {},
             {{TIFFTAG_COMPRESSION, COMPRESSION_LZW}},
             {{TIFFTAG_PLANARCONFIG, PLANARCONFIG_SEPARATE}},
             {{TIFFTAG_TILEWIDTH, 16}, {TIFFTAG_TILELENGTH, 16}}}) {
      const cv::Mat read = decode_bands(encode_tiff(image, tags), "a", count);
      ASSERT_EQ(read.type(), image.type()) << count;
      EXPECT_EQ(cv::norm(read.reshape(1), image.reshape(1), cv::NORM_INF), 0) << count;
    }
  }
}

TEST(TiffBands, MayBePages) {
  const cv::Mat image = some_bands(6);
  std::vector<cv::Mat> planes;
  cv::split(image, planes);
  const cv::Mat read = decode_bands(encode_pages(planes), "a", 6);
  EXPECT_EQ(cv::norm(read.reshape(1), image.reshape(1), cv::NORM_INF), 0);
  // RGB and near infrared behind it.
  cv::Mat colours;
  cv::merge(std::vector<cv::Mat>{planes[0], planes[1], planes[2]}, colours);
  const cv::Mat four = decode_bands(encode_pages({colours, planes[3]}), "a", 4);
  for (int b = 0; b < 4; ++b) {
    cv::Mat band;
    cv::extractChannel(four, band, b);
    EXPECT_EQ(cv::norm(band, planes[static_cast<std::size_t>(b)], cv::NORM_INF), 0) << b;
  }
}

TEST(TiffBands, SmallerCopiesAndMasksAreNoBands) {
  const cv::Mat image = some_bands(2);
  std::vector<cv::Mat> planes;
  cv::split(image, planes);
  const cv::Mat small = some_bands(1, 4, 3);
  EXPECT_THAT(band_error(encode_pages({planes[0], small}, FILETYPE_REDUCEDIMAGE), 2),
              HasSubstr("has 1 band in 1 page; the network reads 2"));
  EXPECT_THAT(band_error(encode_pages({planes[0], planes[1]}, FILETYPE_MASK), 2),
              HasSubstr("has 1 band in 1 page"));
  const std::string whole = encode_pages({image, small}, FILETYPE_REDUCEDIMAGE);
  EXPECT_EQ(decode_bands(whole, "a", 2).channels(), 2);
}

TEST(TiffBands, OfMoreThanEightBitsAreScaled) {
  cv::Mat deep(2, 3, CV_16UC4, cv::Scalar(0, 257, 32896, 65535));
  EXPECT_EQ(decode_bands(encode_tiff(deep), "a", 4).at<cv::Vec4b>(1, 2), cv::Vec4b(0, 1, 128, 255));
  cv::Mat real(2, 3, CV_32FC2, cv::Scalar(0.2, 1.0));
  EXPECT_EQ(decode_bands(encode_tiff(real), "a", 2).at<cv::Vec2b>(1, 2), cv::Vec2b(51, 255));
}

TEST(TiffBands, AlphaIsABandAndNothingIsBlended) {
  const cv::Mat image(3, 4, CV_8UC4, cv::Scalar(200, 100, 50, 0));
  const auto bytes = encode_tiff(image, {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNASSALPHA}});
  EXPECT_EQ(decode_bands(bytes, "a", 4).at<cv::Vec4b>(0, 0), cv::Vec4b(200, 100, 50, 0));
}

TEST(TiffBands, AreTurnedUpright) {
  const cv::Mat image = some_bands(5);
  const auto turned =
      decode_bands(encode_tiff(image, {{TIFFTAG_ORIENTATION, ORIENTATION_BOTRIGHT}}), "a", 5);
  cv::Mat expected;
  cv::rotate(image, expected, cv::ROTATE_180);
  EXPECT_EQ(cv::norm(turned.reshape(1), expected.reshape(1), cv::NORM_INF), 0);
}

TEST(TiffBands, AnotherNumberIsNamed) {
  EXPECT_THAT(band_error(encode_tiff(some_bands(3)), 4),
              HasSubstr("folder/a.tif: has 3 bands in 1 page; the network reads 4"));
  EXPECT_THAT(band_error(encode_tiff(some_bands(6)), 4), HasSubstr("has 6 bands in 1 page"));
  EXPECT_THAT(band_error(encode_pages({some_bands(3), some_bands(3), some_bands(3)}), 4),
              HasSubstr("has at least 6 bands in 2 pages"));
  EXPECT_THAT(band_error(encode_pages({some_bands(1), some_bands(1, 4, 4)}), 2),
              HasSubstr("differ in size"));
  EXPECT_THAT(band_error(encode(gradient(8, 8), ".png"), 4), HasSubstr("is a PNG"));
  EXPECT_THAT(band_error(encode(gradient(8, 8), ".jpg"), 2), HasSubstr("TIFF"));
  cv::Mat signed_bands(2, 2, CV_16SC2, cv::Scalar(-5, 5));
  EXPECT_THAT(band_error(encode_tiff(signed_bands), 2), HasSubstr("values from -5 to 5"));
}

TEST(TiffBands, ThatEndEarlyAreBroken) {
  const std::string whole = encode_pages({some_bands(1), some_bands(1), some_bands(1)});
  for (std::size_t size = 0; size + 1 < whole.size(); size += 11) {
    EXPECT_THROW(decode_bands(whole.substr(0, size), "a", 3), DataError) << size;
  }
}

TEST(TiffBands, AreMovedTogetherByAugmentation) {
  cv::Mat plane(20, 24, CV_8U);
  cv::randu(plane, 0, 256);
  const std::vector<cv::Mat> same(7, plane);
  cv::Mat image;
  cv::merge(same, image);
  Preprocessing p;
  p.channels = 7;
  p.height = p.width = 16;
  p.resize = 18;
  p.mean.assign(7, 0.5F);
  p.std.assign(7, 0.5F);
  AugmentConfig config;
  config.crop = config.flip_horizontal = config.flip_vertical = config.rotate = config.translate =
      config.scale = config.brightness = config.contrast = config.saturation = config.hue =
          config.greyscale = config.blur = config.erase = 0.5;
  config.randaugment = 2;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const cv::Mat changed = augment(image, config, p, seed);
    ASSERT_EQ(changed.type(), CV_8UC(7));
    ASSERT_EQ(changed.size(), cv::Size(16, 16));
    std::vector<cv::Mat> planes;
    cv::split(changed, planes);
    for (const cv::Mat& one : planes) EXPECT_EQ(cv::norm(one, planes[0], cv::NORM_INF), 0);
  }
}

}  // namespace
}  // namespace transfer
