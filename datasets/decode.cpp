#include "datasets/decode.h"

#include <fmt/format.h>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "datasets/claimed_size.h"
#include "datasets/exif.h"
#include "datasets/jpeg_decoder.h"
#include "datasets/opencv_messages.h"
#include "datasets/png_chunks.h"

namespace transfer {
namespace {

cv::Mat to_8_bit(const cv::Mat& image) {
  if (image.depth() == CV_8U) return image;
  cv::Mat result;
  switch (image.depth()) {
    case CV_16U: image.convertTo(result, CV_8U, 1.0 / 257.0); break;
    case CV_32F:
    case CV_64F: image.convertTo(result, CV_8U, 255.0); break;
    default: cv::normalize(image, result, 0, 255, cv::NORM_MINMAX, CV_8U);
  }
  return result;
}

/// Blends BGRA on a white ground: colour · alpha + 255 · (1 − alpha).
cv::Mat blend_on_white(const cv::Mat& bgra) {
  cv::Mat rgb(bgra.size(), CV_8UC3);
  for (int y = 0; y < bgra.rows; ++y) {
    const auto* in = bgra.ptr<cv::Vec4b>(y);
    auto* out = rgb.ptr<cv::Vec3b>(y);
    for (int x = 0; x < bgra.cols; ++x) {
      const int alpha = in[x][3];
      for (int c = 0; c < 3; ++c) {
        out[x][c] =
            static_cast<unsigned char>((in[x][2 - c] * alpha + 255 * (255 - alpha) + 127) / 255);
      }
    }
  }
  return rgb;
}

cv::Mat to_rgb(const cv::Mat& decoded) {
  const cv::Mat image = to_8_bit(decoded);
  cv::Mat rgb;
  switch (image.channels()) {
    case 1: cv::cvtColor(image, rgb, cv::COLOR_GRAY2RGB); return rgb;
    case 3: cv::cvtColor(image, rgb, cv::COLOR_BGR2RGB); return rgb;
    case 4: return blend_on_white(image);
    default: {
      std::vector<cv::Mat> planes;
      cv::split(image, planes);
      cv::cvtColor(planes.front(), rgb, cv::COLOR_GRAY2RGB);
      return rgb;
    }
  }
}

}  // namespace

cv::Mat decode_image(std::string_view bytes, const std::string& name,
                     std::int64_t target_shorter_side) {
  if (bytes.empty()) throw DataError(fmt::format("{}: the file is empty (0 bytes)", name));
  if (bytes.starts_with("\xFF\xD8")) return decode_jpeg(bytes, name, target_shorter_side);
  silence_opencv();
  refuse_absurd_size(bytes, name);
  const int orientation = file_orientation(bytes);
  std::string image_chunks;
  if (bytes.starts_with(kPngSignature)) {
    image_chunks = keep_image_chunks(bytes, name);
    bytes = image_chunks;
  }
  cv::Mat decoded;
  try {
    const cv::Mat buffer(1, static_cast<int>(bytes.size()), CV_8U, const_cast<char*>(bytes.data()));
    decoded = cv::imdecode(buffer, cv::IMREAD_UNCHANGED);
  } catch (const cv::Exception& error) {
    throw DataError(fmt::format("{}: cannot be decoded: {}", name, error.err));
  }
  if (decoded.empty()) {
    throw DataError(
        fmt::format("{}: is no image that can be decoded (JPEG, PNG, BMP, TIFF, WebP)", name));
  }
  return apply_orientation(to_rgb(decoded), orientation);
}

cv::Mat decode_sample(const Sample& sample, std::int64_t target_shorter_side) {
  if (sample.array == nullptr) {
    return decode_image(read_file(sample.path), sample.path, target_shorter_side);
  }
  const ImageArray& array = *sample.array;
  // OpenCV takes a pointer that it could write through, and does not.
  auto* pixels = const_cast<char*>(array.image(sample.position).data());
  return to_rgb(
      cv::Mat(static_cast<int>(array.height), static_cast<int>(array.width), CV_8UC1, pixels));
}

}  // namespace transfer
