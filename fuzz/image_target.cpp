// One format's decoder; TRANSFER_FUZZ_FORMAT names it as image_formats() does.

#include <opencv2/core.hpp>

#include "core/errors.h"
#include "datasets/formats/image_formats.h"
#include "fuzz/checksums.h"
#include "fuzz/target.h"

namespace transfer::fuzz {
namespace {

const ImageFormat& tested_format() {
  for (const ImageFormat& format : image_formats()) {
    if (format.name == TRANSFER_FUZZ_FORMAT) return format;
  }
  require(false, "no format is called " TRANSFER_FUZZ_FORMAT);
  std::abort();
}

void require_image(const cv::Mat& image, int type) {
  require(image.total() * image.elemSize() <= static_cast<std::size_t>(kMaxImageBytes),
          "an image takes more bytes than are allowed");
  require(image.type() == type && image.rows > 0 && image.cols > 0,
          "a decoder returned something else than an 8-bit image");
}

/// What is_plain() says of a file's start must hold for the file.
void require_plain(const SampleTraits& traits) {
  const bool is_plain = traits.kind == SampleKind::kKnown && traits.images == 1 && !traits.stated &&
                        !traits.follows_smaller_copy && !traits.is_transparent &&
                        traits.ignored_bands == 0 && !traits.has_unused_alpha;
  require(is_plain, "is_plain() calls a file plain that is not");
}

void decode(const ImageFormat& format, const EncodedImage& image) {
  succeeds<DataError>(image.name, [&] { require_image(format.decode(image), CV_8UC3); });
  if (format.traits != nullptr) {
    succeeds<DataError>(image.name, [&] {
      const SampleTraits traits = format.traits(image);
      const bool is_plain =
          format.is_plain != nullptr && format.is_plain(image.bytes.substr(0, kSurveyedBytes));
      if (is_plain) require_plain(traits);
    });
  }
  if (format.decode_bands == nullptr) return;
  for (const int bands : {1, 4}) {
    succeeds<DataError>(image.name,
                        [&] { require_image(format.decode_bands(image, bands), CV_8UC(bands)); });
  }
}

}  // namespace
}  // namespace transfer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  static const ImageFormat& format = fuzz::tested_format();
  const std::string_view bytes = fuzz::text_of(data, size);
  if (format_of(bytes) != &format) return 0;
  static const std::string name = "image.bin";
  fuzz::decode(format, {.bytes = bytes, .name = name, .max_bytes = fuzz::kMaxImageBytes});
  fuzz::decode(format, {.bytes = bytes,
                        .name = name,
                        .target_shorter_side = 4,
                        .sample_range = SampleRange{0, 1000},
                        .max_bytes = fuzz::kMaxImageBytes});
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t capacity, unsigned seed) {
  return transfer::fuzz::mutate_image(data, size, capacity, seed);
}
