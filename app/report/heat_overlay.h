#pragma once

#include <torch/types.h>

#include <filesystem>
#include <opencv2/core/mat.hpp>

#include "core/preprocessing.h"
#include "datasets/dataset.h"

namespace transfer {

/// The image as the network sees it, 8-bit RGB, at least `side` pixels on its longer side. Throws
/// DataError where it cannot be read.
cv::Mat seen_image(const Sample& sample, const Preprocessing& preprocessing, int side);

/// `image` under the map [h,w] ≥ 0 of what a network looks at: the map's largest value is shown in
/// the strongest colour, red, and 0 leaves the image grey. A map of zeros leaves all of it grey.
cv::Mat heat_overlay(const cv::Mat& image, const torch::Tensor& map);

/// Writes the image as the network sees it and, beside it, its overlay, as one PNG. Throws
/// DataError where the image cannot be read, and OutputError.
void write_overlay_picture(const Sample& sample, const torch::Tensor& map,
                           const Preprocessing& preprocessing, const std::filesystem::path& file);

}  // namespace transfer
