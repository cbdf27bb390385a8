#include "datasets/formats/webp_decoder.h"

#include <webp/decode.h>

#include "datasets/formats/exif.h"
#include "datasets/formats/transparency.h"

namespace transfer {

cv::Mat decode_webp(const EncodedImage& image) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(image.bytes.data());
  const std::size_t size = image.bytes.size();
  WebPBitstreamFeatures header;
  if (WebPGetFeatures(bytes, size, &header) != VP8_STATUS_OK) {
    throw broken_image(image, "the WebP's header is damaged or cut short");
  }
  if (header.has_animation != 0) {
    throw broken_image(image, "is an animated WebP; only still images are read");
  }
  require_sensible_size(image, static_cast<std::uint64_t>(header.width),
                        static_cast<std::uint64_t>(header.height));
  const bool has_alpha = header.has_alpha != 0;
  cv::Mat pixels(header.height, header.width, has_alpha ? CV_8UC4 : CV_8UC3);
  const auto decode = has_alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  if (decode(bytes, size, pixels.data, pixels.total() * pixels.elemSize(),
             static_cast<int>(pixels.step)) == nullptr) {
    throw broken_image(image, "the WebP is damaged or ends early");
  }
  if (has_alpha) pixels = blend_on_white(pixels);
  return apply_orientation(pixels, webp_orientation(image.bytes));
}

}  // namespace transfer
