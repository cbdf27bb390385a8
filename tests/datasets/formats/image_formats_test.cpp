#include "datasets/formats/image_formats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "datasets/decode.h"
#include "datasets/labelled_files.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

std::string format_error(const std::string& bytes) {
  return message_of<DataError>([&] { decode_image(bytes, "folder/a.png"); });
}

TEST(ImageFormats, AFileIsKnownByItsSignature) {
  for (const auto& [ending, name] :
       std::vector<std::pair<std::string, std::string>>{{".jpg", "JPEG"},
                                                        {".png", "PNG"},
                                                        {".bmp", "BMP"},
                                                        {".tiff", "TIFF"},
                                                        {".webp", "WebP"}}) {
    const ImageFormat* format = format_of(encode(gradient(8, 8), ending));
    ASSERT_NE(format, nullptr) << ending;
    EXPECT_EQ(format->name, name);
    EXPECT_NE(std::find(format->endings.begin(), format->endings.end(), ending),
              format->endings.end());
  }
  EXPECT_EQ(format_of(""), nullptr);
  EXPECT_EQ(format_of("RIFF1234WAVE"), nullptr);
  EXPECT_EQ(format_of("RIFF1234WEB"), nullptr);
}

TEST(ImageFormats, NoTwoFormatsShareAnEnding) {
  const auto endings = image_endings();
  EXPECT_EQ(std::set(endings.begin(), endings.end()).size(), endings.size());
  for (const std::string_view ending : endings) {
    EXPECT_TRUE(has_image_ending("folder/a" + std::string(ending))) << ending;
  }
  EXPECT_TRUE(has_image_ending("a.JPG"));
  for (const char* name : {"a.jfif", "a.jpe", "a.PJPEG", "a.gif"})
    EXPECT_TRUE(has_image_ending(name));
  EXPECT_FALSE(has_image_ending("a.svg"));
  EXPECT_FALSE(has_image_ending("jpg"));
}

TEST(ImageFormats, OtherFormatsAreRefusedByName) {
  const std::string dicom = std::string(128, '\0') + "DICM" + std::string(10, '\0');
  ASSERT_EQ(dicom.size(), 142U);
  for (const auto& [bytes, name] : std::vector<std::pair<std::string, std::string>>{
           {dicom, "a DICOM file"},
           {std::string("\0\0\0\x0CjP  \r\n\x87\n", 12), "a JPEG 2000 image"},
           {"\xFF\x4F\xFF\x51 more", "a JPEG 2000 image"},
           {std::string("\0\0\0\x20", 4) + "ftypavif", "an AVIF image"},
           {std::string("\0\0\0\x20", 4) + "ftypheic", "a HEIF image"},
           {"P5\n2 2\n255\n1234", "a Netpbm image"},
           {"%PDF-1.7", "a PDF"},
           {"\xEF\xBB\xBF\n <!DOCTYPE HTML><HTML>", "an HTML page"},
           {"version https://git-lfs.github.com/spec/v1\noid", "a Git LFS pointer"},
           {std::string("\0\0\1\0\1\0 ", 7), "an icon"},
           {std::string("\0\0\2\0\0\0\0\0\0\0", 10), "a TGA image"},
           {"<html>404</html>", "an HTML page"}}) {
    expect_contains(format_error(bytes), {"folder/a.png: is " + name,
                                          "supported are JPEG, PNG, BMP, TIFF, WebP and GIF"});
  }
}

TEST(ImageFormats, EmptyAndUnknownFilesAreRefused) {
  expect_contains(format_error(""), {"folder/a.png", "0 bytes"});
  for (const std::string& bytes :
       {std::string("plain text"), std::string(142, '\0'), std::string("G")}) {
    expect_contains(format_error(bytes),
                    {"folder/a.png", "not in a known image format", "JPEG, PNG"});
  }
}

}  // namespace
}  // namespace transfer
