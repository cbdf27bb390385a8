#include "datasets/decode.h"

#include <fmt/format.h>

#include <new>
#include <opencv2/imgproc.hpp>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "datasets/formats/image_formats.h"
#include "datasets/preprocess.h"

namespace transfer {
namespace {

/// Calls `decode` with the image's format.
template <typename Decode>
cv::Mat decode_format(const EncodedImage& image, const Decode& decode) {
  const ImageFormat* format = format_of(image.bytes);
  if (format == nullptr) throw broken_image(image, why_unsupported(image.bytes));
  try {
    return decode(*format);
  } catch (const cv::Exception& error) {
    throw broken_image(image, fmt::format("cannot be decoded: {}", error.err));
  } catch (const std::bad_alloc&) {
    throw broken_image(image, "there is not enough memory to decode it");
  }
}

}  // namespace

cv::Mat decode_image(std::string_view bytes, const std::string& name,
                     std::int64_t target_shorter_side,
                     const std::optional<SampleRange>& sample_range) {
  const EncodedImage image{bytes, name, target_shorter_side, sample_range};
  return decode_format(image, [&](const ImageFormat& format) { return format.decode(image); });
}

cv::Mat decode_bands(std::string_view bytes, const std::string& name, int bands,
                     const std::optional<SampleRange>& sample_range) {
  const EncodedImage image{bytes, name, /*target_shorter_side=*/0, sample_range};
  return decode_format(image, [&](const ImageFormat& format) {
    if (format.decode_bands == nullptr) {
      throw broken_image(image, fmt::format("is a {}; the network reads {} bands, which are read "
                                            "from TIFF files only",
                                            format.name, bands));
    }
    return format.decode_bands(image, bands);
  });
}

cv::Mat decode_for(const Sample& sample, const Preprocessing& p) {
  if (reads_colours(p)) return decode_sample(sample, shorter_side_seen(p), p.sample_range);
  if (sample.array == nullptr) {
    return decode_bands(read_file(sample.path), sample.path, p.channels, p.sample_range);
  }
  throw DataError(fmt::format("{}: has one band; the network reads {}", sample.path, p.channels));
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
