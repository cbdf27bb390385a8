#include "datasets/formats/webp_decoder.h"

#include <webp/decode.h>

#include <opencv2/core.hpp>

#include "datasets/formats/exif.h"
#include "datasets/formats/transparency.h"
#include "datasets/formats/webp_animation.h"

namespace transfer {
namespace {

WebPBitstreamFeatures webp_header(const EncodedImage& image, std::string_view bytes) {
  WebPBitstreamFeatures header;
  if (WebPGetFeatures(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), &header) !=
      VP8_STATUS_OK) {
    throw broken_image(image, "the WebP's header is damaged or cut short");
  }
  require_sensible_size(image, static_cast<std::uint64_t>(header.width),
                        static_cast<std::uint64_t>(header.height),
                        /*bytes_per_pixel=*/header.has_alpha != 0 ? 4 : 3);
  return header;
}

/// The pixels of a still image, CV_8UC3 or with alpha CV_8UC4.
cv::Mat read_still(const EncodedImage& image, std::string_view bytes) {
  const WebPBitstreamFeatures header = webp_header(image, bytes);
  const bool has_alpha = header.has_alpha != 0;
  cv::Mat pixels(header.height, header.width, has_alpha ? CV_8UC4 : CV_8UC3);
  const auto decode = has_alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  if (decode(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), pixels.data,
             pixels.total() * pixels.elemSize(), static_cast<int>(pixels.step)) == nullptr) {
    throw broken_image(image, "the WebP is damaged or ends early");
  }
  return pixels;
}

/// The first frame on its canvas, RGB: what the frame leaves free is white.
cv::Mat read_first_frame(const EncodedImage& image, const WebPBitstreamFeatures& header) {
  const auto frame = first_webp_frame(image.bytes);
  if (!frame) throw broken_image(image, "the animated WebP is damaged or ends early");
  cv::Mat pixels = read_still(image, frame->file);
  if (pixels.channels() == 4) pixels = blend_on_white(pixels);
  cv::Mat canvas(header.height, header.width, CV_8UC3, cv::Scalar::all(255));
  const cv::Rect place(frame->place, pixels.size());
  if ((place & cv::Rect(0, 0, canvas.cols, canvas.rows)) != place) {
    throw broken_image(image, "the animated WebP is damaged (a frame leaves its canvas)");
  }
  pixels.copyTo(canvas(place));
  return canvas;
}

}  // namespace

cv::Mat decode_webp(const EncodedImage& image) {
  const WebPBitstreamFeatures header = webp_header(image, image.bytes);
  cv::Mat pixels =
      header.has_animation != 0 ? read_first_frame(image, header) : read_still(image, image.bytes);
  if (pixels.channels() == 4) pixels = blend_on_white(pixels);
  return apply_orientation(pixels, webp_orientation(image.bytes));
}

SampleTraits webp_traits(const EncodedImage& image) {
  SampleTraits traits;
  traits.images = webp_frames(image.bytes);
  return traits;
}

bool is_plain_webp(std::string_view start) {
  constexpr std::size_t kFlagsAt = 20;
  return start.size() > kFlagsAt && !is_webp_animation(start);
}

}  // namespace transfer
