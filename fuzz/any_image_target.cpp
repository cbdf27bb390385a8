// Bytes of unknown content: how formats are recognised and refused, and what is read of any of
// them.

#include <opencv2/core.hpp>

#include "core/errors.h"
#include "datasets/decode.h"
#include "datasets/formats/image_formats.h"
#include "fuzz/checksums.h"
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  const std::string_view bytes = fuzz::text_of(data, size);
  static const std::string name = "image.bin";
  bool is_decoded = false;
  fuzz::succeeds<DataError>(name, [&] {
    const cv::Mat image = decode_image(bytes, name, 0, std::nullopt, fuzz::kMaxImageBytes);
    is_decoded = true;
    fuzz::require(image.type() == CV_8UC3 && !image.empty(), "not an 8-bit RGB image");
  });
  fuzz::require(!is_decoded || format_of(bytes) != nullptr, "an unknown format was decoded");
  fuzz::require(!why_unsupported(bytes).empty(), "no reason for a refusal");
  for (const int bands : {1, 2, 3}) {
    fuzz::succeeds<DataError>(name, [&] {
      const cv::Mat image =
          decode_bands(bytes, name, bands, SampleRange{0, 4095}, fuzz::kMaxImageBytes);
      fuzz::require(image.type() == CV_8UC(bands) && !image.empty(), "not the bands asked for");
    });
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t capacity, unsigned seed) {
  return transfer::fuzz::mutate_image(data, size, capacity, seed);
}
