#include "datasets/decode.h"

#include <fmt/format.h>

#include <new>
#include <opencv2/imgproc.hpp>

#include "core/errors.h"
#include "core/hash.h"
#include "datasets/decode_bytes.h"
#include "datasets/formats/image_formats.h"
#include "datasets/image_file.h"
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
    if (error.code == cv::Error::StsNoMem) throw lack_of_memory(image.name);
    throw broken_image(image, fmt::format("cannot be decoded: {}", error.err));
  } catch (const std::bad_alloc&) {
    throw lack_of_memory(image.name);
  }
}

/// The image in memory, as RGB.
cv::Mat rgb_of_array(const Sample& sample) {
  const ImageArray& array = *sample.array;
  // OpenCV takes a pointer that it could write through, and does not.
  auto* pixels = const_cast<char*>(array.image(sample.position).data());
  const cv::Mat grey(static_cast<int>(array.height), static_cast<int>(array.width), CV_8UC1,
                     pixels);
  cv::Mat rgb;
  cv::cvtColor(grey, rgb, cv::COLOR_GRAY2RGB);
  return rgb;
}

}  // namespace

cv::Mat decode_image(std::string_view bytes, const std::string& name,
                     std::int64_t target_shorter_side,
                     const std::optional<SampleRange>& sample_range, std::int64_t max_bytes) {
  const EncodedImage image{bytes, name, target_shorter_side, sample_range, max_bytes};
  return decode_format(image, [&](const ImageFormat& format) { return format.decode(image); });
}

cv::Mat decode_bands(std::string_view bytes, const std::string& name, int bands,
                     const std::optional<SampleRange>& sample_range, std::int64_t max_bytes) {
  const EncodedImage image{bytes, name, /*target_shorter_side=*/0, sample_range, max_bytes};
  return decode_format(image, [&](const ImageFormat& format) {
    if (format.decode_bands == nullptr) {
      throw broken_image(image, fmt::format("is a {}; the network reads {} bands, which are read "
                                            "from TIFF files only",
                                            format.name, bands));
    }
    return format.decode_bands(image, bands);
  });
}

cv::Mat decode_bytes_for(std::string_view bytes, const std::string& name, const Preprocessing& p,
                         std::int64_t max_bytes) {
  return reads_colours(p)
             ? decode_image(bytes, name, shorter_side_seen(p), p.sample_range, max_bytes)
             : decode_bands(bytes, name, p.channels, p.sample_range, max_bytes);
}

cv::Mat decode_for(const Sample& sample, const Preprocessing& p, const std::string& content) {
  if (sample.array != nullptr) {
    if (reads_colours(p)) return rgb_of_array(sample);
    throw DataError(fmt::format("{}: has one band; the network reads {}", sample.path, p.channels));
  }
  const std::string bytes = read_image_file(sample);
  if (!content.empty() && sha256_hex(bytes) != content) {
    throw DataError(
        fmt::format("{}: was replaced while this run was reading it. Run again when "
                    "nothing changes the images.",
                    sample.path));
  }
  return decode_bytes_for(bytes, sample.path, p, sample.max_bytes);
}

cv::Mat decode_sample(const Sample& sample, std::int64_t target_shorter_side,
                      const std::optional<SampleRange>& sample_range) {
  if (sample.array != nullptr) return rgb_of_array(sample);
  return decode_image(read_image_file(sample), sample.path, target_shorter_side, sample_range,
                      sample.max_bytes);
}

}  // namespace transfer
