#pragma once

#include <opencv2/core.hpp>
#include <vector>

namespace transfer {

/// Applies `change` to an image in place. OpenCV's operations take up to four channels: an image
/// with more of them is changed plane by plane.
template <typename Change>
void change_planes(cv::Mat& image, const Change& change) {
  constexpr int kMostChannels = 4;
  if (image.channels() <= kMostChannels) {
    change(image);
    return;
  }
  std::vector<cv::Mat> planes;
  cv::split(image, planes);
  for (cv::Mat& plane : planes) change(plane);
  cv::merge(planes, image);
}

}  // namespace transfer
