// The orientation in an EXIF block: alone, and in the chunk of a PNG and of a WebP.

#include <opencv2/core.hpp>

#include "datasets/formats/exif.h"
#include "fuzz/target.h"

namespace {

/// `value` in 4 bytes.
std::string four_bytes(std::size_t value, bool is_little_endian) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) {
    bytes += static_cast<char>((value >> (is_little_endian ? 8 * i : 24 - 8 * i)) & 0xFF);
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  const std::string block(fuzz::text_of(data, size));
  const int orientation = exif_orientation(block);
  exif_camera(block);
  fuzz::require(orientation >= 1 && orientation <= 8, "no such orientation");

  const std::string png =
      "\x89PNG\r\n\x1A\n" + four_bytes(size, /*is_little_endian=*/false) + "eXIf" + block + "CRC.";
  fuzz::require(png_orientation(png) == orientation, "a PNG has another orientation");
  const std::string webp =
      "RIFF....WEBPEXIF" + four_bytes(size, /*is_little_endian=*/true) + block + "\0";
  fuzz::require(webp_orientation(webp) == orientation, "a WebP has another orientation");
  // The chunks themselves.
  png_orientation(png.substr(0, 8) + block);
  webp_orientation(webp.substr(0, 12) + block);

  const cv::Mat image(2, 3, CV_8UC3, cv::Scalar(1, 2, 3));
  const cv::Mat turned = apply_orientation(image, orientation);
  fuzz::require(turned.total() == image.total(), "turning an image lost pixels");
  return 0;
}
