#include "datasets/received_image.h"


#include <opencv2/core.hpp>
#include <opencv2/core/utility.hpp>

#include "datasets/decode_bytes.h"
#include "datasets/formats/image_formats.h"
#include "datasets/preprocess.h"

namespace transfer {

bool begins_as_image(std::string_view bytes) { return format_of(bytes) != nullptr; }

torch::Tensor network_input(std::string_view bytes, const std::string& name, const Preprocessing& p,
                            std::int64_t max_bytes) {
  // Whoever calls this already does so from several threads.
  [[maybe_unused]] static const bool has_no_threads = (cv::setNumThreads(0), true);
  const cv::Mat fitted = resize_and_crop(decode_bytes_for(bytes, name, p, max_bytes), p);
  const auto input = torch::empty({1, p.height, p.width, p.channels}).permute({0, 3, 1, 2});
  write_normalized(fitted, p, input.data_ptr<float>());
  return input;
}

}  // namespace transfer
