#include <gtest/gtest.h>
#include <tiffio.h>

#include <opencv2/core.hpp>

#include "core/errors.h"
#include "core/hash.h"
#include "datasets/decode.h"
#include "tests/datasets/encoded_images.h"

namespace transfer {
namespace {

/// The pixels of lossless images of every kind of samples, whose bytes this project writes.
std::string hash_of_decoded_images() {
  const cv::Mat rgb = gradient(24, 16, 3);
  cv::Mat grey;
  cv::extractChannel(rgb, grey, 0);
  cv::Mat words;
  rgb.convertTo(words, CV_16U, 201);
  cv::Mat floats;
  rgb.convertTo(floats, CV_32F, 1.0 / 255);
  cv::Mat numbers;
  grey.convertTo(numbers, CV_16S, 10, -1000);
  cv::Mat inks;
  cv::merge(std::vector<cv::Mat>{grey, grey, 255 - grey, grey / 4}, inks);
  cv::Mat deep_inks;
  inks.convertTo(deep_inks, CV_16U, 16);
  Sha256 hash;
  for (const std::string& bytes :
       {encode_png(rgb), encode_png(words), encode_png(inks), encode(rgb, ".bmp"), encode_tiff(rgb),
        encode_tiff(words), encode_tiff(floats), encode_tiff(numbers), encode_webp(rgb),
        encode_tiff(words, {{TIFFTAG_MAXSAMPLEVALUE, 65535}}),
        encode_tiff(inks, {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNSPECIFIED}}),
        encode_tiff(inks, {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNASSALPHA}}),
        encode_tiff(inks, {{TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_SEPARATED}}),
        encode_tiff(rgb, {{TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_CIELAB}}), encode_png(deep_inks),
        encode_tiff(deep_inks, {{TIFFTAG_EXTRASAMPLES, EXTRASAMPLE_UNASSALPHA}}),
        encode_tiff(deep_inks, {{TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_SEPARATED}}),
        encode_tiff(grey, {{kGdalNoData, 40}})}) {
    for (const std::optional<SampleRange>& range :
         {std::optional<SampleRange>(), std::optional(SampleRange{-1000, 60000})}) {
      try {
        const cv::Mat pixels = decode_image(bytes, "a", 0, range);
        hash.update({reinterpret_cast<const char*>(pixels.data), pixels.total() * 3});
      } catch (const DataError&) {
        hash.update("refused");
      }
    }
  }
  return hash.hex();
}

TEST(DecoderVersion, ChangesWithWhatIsDecoded) {
  // Where the pixels change on purpose, raise kDecoderVersion and note the new hash here: features
  // that were stored with the old pixels are then no longer used.
  EXPECT_EQ(kDecoderVersion, 3);
  EXPECT_EQ(hash_of_decoded_images(),
            "5a9e749607b04e0da8c47bc93166082b313669fc2bc7cc56148a6317ea774afc");
}

}  // namespace
}  // namespace transfer
