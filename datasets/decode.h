#pragma once

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/preprocessing.h"
#include "datasets/dataset.h"

namespace transfer {

/// Raised whenever an image may be decoded to other pixels than before; stored features depend on
/// it.
inline constexpr int kDecoderVersion = 3;

/// Decodes an image file's bytes to 8-bit RGB (CV_8UC3). The content decides the format, whatever
/// the file's ending says; image_formats() lists what is read. The EXIF orientation is applied;
/// grey, palette, CMYK and 16-bit images become 8-bit RGB; transparency is blended on white. `name`
/// is for messages. With `target_shorter_side` above 0 a JPEG may be decoded at reduced size (see
/// EncodedImage), and `sample_range` is what is black and white where the file does not say (see
/// range_for()). `max_bytes` limits the decoded pixels. Throws DataError "NAME: reason" and nothing
/// else. Thread-safe.
cv::Mat decode_image(std::string_view bytes, const std::string& name,
                     std::int64_t target_shorter_side = 0,
                     const std::optional<SampleRange>& sample_range = std::nullopt,
                     std::int64_t max_bytes = kDefaultMaxImageBytes);

/// The sample's image likewise, from its file or from memory.
cv::Mat decode_sample(const Sample& sample, std::int64_t target_shorter_side = 0,
                      const std::optional<SampleRange>& sample_range = std::nullopt);

/// The image file's bands as they are stored, 8 bits each (CV_8UC(bands)), upright. TIFF files
/// have them as samples or as pages (see decode_tiff_bands). Throws DataError, also where the file
/// has another number of bands or is in another format.
cv::Mat decode_bands(std::string_view bytes, const std::string& name, int bands,
                     const std::optional<SampleRange>& sample_range = std::nullopt,
                     std::int64_t max_bytes = kDefaultMaxImageBytes);

/// The sample's image as a network reads it before it is fitted: RGB, also for grey networks, or
/// the bands. A JPEG much larger than the network's input may be decoded at reduced size. `content`
/// is what content_hash() gave for the sample before, or empty: where the file's bytes are others
/// now, it throws DataError, so that what is decoded is what was hashed.
cv::Mat decode_for(const Sample& sample, const Preprocessing& preprocessing,
                   const std::string& content = "");

}  // namespace transfer
