#include "datasets/thumbnail.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "datasets/decode.h"
#include "datasets/jpeg_writer.h"
#include "datasets/preprocess.h"

namespace transfer {

std::string thumbnail_of(const cv::Mat& rgb, int side, int quality) {
  const int longer = std::max(rgb.cols, rgb.rows);
  if (longer <= side) return jpeg_bytes(rgb, quality);
  const double factor = static_cast<double>(side) / longer;
  const cv::Size size(std::max(1, static_cast<int>(rgb.cols * factor)),
                      std::max(1, static_cast<int>(rgb.rows * factor)));
  cv::Mat small;
  cv::resize(rgb, small, size, 0, 0, cv::INTER_AREA);
  return jpeg_bytes(small, quality);
}

std::string thumbnail_of(const Sample& sample, const Preprocessing& preprocessing) {
  if (!reads_colours(preprocessing)) {
    return thumbnail_of(shown_colours(decode_for(sample, preprocessing), preprocessing));
  }
  return thumbnail_of(decode_sample(sample, kThumbnailSide, preprocessing.sample_range));
}

}  // namespace transfer
