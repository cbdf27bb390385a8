#include "datasets/formats/webp_decoder.h"

#include <webp/decode.h>

#include <cstddef>
#include <memory>
#include <opencv2/core.hpp>

#include "datasets/formats/exif.h"
#include "datasets/formats/transparency.h"
#include "datasets/formats/webp_animation.h"

namespace transfer {
namespace {

const std::uint8_t* webp_bytes(std::string_view bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

WebPBitstreamFeatures webp_header(const EncodedImage& image, std::string_view bytes) {
  WebPBitstreamFeatures header;
  if (WebPGetFeatures(webp_bytes(bytes), bytes.size(), &header) != VP8_STATUS_OK) {
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
  if (decode(webp_bytes(bytes), bytes.size(), pixels.data, pixels.total() * pixels.elemSize(),
             static_cast<int>(pixels.step)) == nullptr) {
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

/// Ends libwebp's decoding piece by piece.
struct EndWebp {
  void operator()(WebPIDecoder* decoder) const { WebPIDelete(decoder); }
};

/// Whether the first bytes of a WebP with alpha hold a pixel that is not transparent.
bool webp_start_shows_pixel(std::string_view start, const WebPBitstreamFeatures& header) {
  constexpr std::int64_t kFewPixels = 1 << 22;  // libwebp makes room for all of them
  if (std::int64_t{header.width} * header.height > kFewPixels) return false;
  const std::unique_ptr<WebPIDecoder, EndWebp> decoder(WebPINewRGB(MODE_RGBA, nullptr, 0, 0));
  if (decoder == nullptr) return false;
  WebPIAppend(decoder.get(), webp_bytes(start), start.size());
  int rows = 0;
  int width = 0;
  int stride = 0;
  const std::uint8_t* pixels = WebPIDecGetRGB(decoder.get(), &rows, &width, nullptr, &stride);
  if (pixels == nullptr) return false;
  for (int y = 0; y < rows; ++y) {
    const std::uint8_t* row = pixels + std::ptrdiff_t{y} * stride;
    for (int x = 0; x < width; ++x) {
      if (row[4 * x + 3] != 0) return true;
    }
  }
  return false;
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
  if (webp_header(image, image.bytes).has_alpha != 0) {
    const auto frame =
        is_webp_animation(image.bytes) ? first_webp_frame(image.bytes) : std::nullopt;
    traits.is_transparent = is_transparent(read_still(image, frame ? frame->file : image.bytes));
  }
  return traits;
}

bool is_plain_webp(std::string_view start) {
  constexpr std::size_t kFlagsAt = 20;
  if (start.size() <= kFlagsAt || is_webp_animation(start)) return false;
  WebPBitstreamFeatures header;
  if (WebPGetFeatures(webp_bytes(start), start.size(), &header) != VP8_STATUS_OK) return false;
  return header.has_alpha == 0 || webp_start_shows_pixel(start, header);
}

}  // namespace transfer
