#include "datasets/decode.h"

#include <fmt/format.h>

#include <new>
#include <opencv2/imgproc.hpp>

#include "core/atomic_file.h"
#include "datasets/formats/image_formats.h"

namespace transfer {

cv::Mat decode_image(std::string_view bytes, const std::string& name,
                     std::int64_t target_shorter_side,
                     const std::optional<SampleRange>& sample_range) {
  const EncodedImage image{bytes, name, target_shorter_side, sample_range};
  const ImageFormat* format = format_of(bytes);
  if (format == nullptr) throw broken_image(image, why_unsupported(bytes));
  try {
    return format->decode(image);
  } catch (const cv::Exception& error) {
    throw broken_image(image, fmt::format("cannot be decoded: {}", error.err));
  } catch (const std::bad_alloc&) {
    throw broken_image(image, "there is not enough memory to decode it");
  }
}

cv::Mat decode_sample(const Sample& sample, std::int64_t target_shorter_side,
                      const std::optional<SampleRange>& sample_range) {
  if (sample.array == nullptr) {
    return decode_image(read_file(sample.path), sample.path, target_shorter_side, sample_range);
  }
  const ImageArray& array = *sample.array;
  // OpenCV takes a pointer that it could write through, and does not.
  auto* pixels = const_cast<char*>(array.image(sample.position).data());
  const cv::Mat grey(static_cast<int>(array.height), static_cast<int>(array.width), CV_8UC1,
                     pixels);
  cv::Mat rgb;
  cv::cvtColor(grey, rgb, cv::COLOR_GRAY2RGB);
  return rgb;
}

}  // namespace transfer
