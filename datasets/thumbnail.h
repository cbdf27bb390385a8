#pragma once

#include <opencv2/core/mat.hpp>
#include <string>

#include "core/preprocessing.h"
#include "datasets/dataset.h"

namespace transfer {

/// The longer side of a thumbnail, in pixels.
inline constexpr int kThumbnailSide = 112;

/// An RGB image (CV_8UC3) as a JPEG of libjpeg's `quality` whose longer side is at most `side`.
std::string thumbnail_of(const cv::Mat& rgb, int side = kThumbnailSide, int quality = 80);

/// The whole image, upright, likewise; bands are shown as shown_colours() does. Throws DataError
/// where it cannot be read.
std::string thumbnail_of(const Sample& sample, const Preprocessing& preprocessing);

}  // namespace transfer
