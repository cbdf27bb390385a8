#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>

#include "core/preprocessing.h"
#include "datasets/dataset.h"

namespace transfer {

/// The image as the network sees it, 8-bit RGB, at least `side` pixels on its longer side. Throws
/// DataError where it cannot be read.
cv::Mat seen_image(const Sample& sample, const Preprocessing& preprocessing, int side);

/// `image` under the map [h,w] ≥ 0 of what a network looks at: the map's largest value is shown in
/// the strongest colour, red, and 0 leaves the image grey. A map of zeros leaves all of it grey.
cv::Mat heat_overlay(const cv::Mat& image, const torch::Tensor& map);

/// The overlay of an image's bytes as the network sees them, as a JPEG of at least `side` pixels on
/// its longer side. `name` is for messages, `max_bytes` limits the decoded pixels. Throws DataError
/// where the image cannot be decoded.
std::string overlay_jpeg(std::string_view bytes, const std::string& name, const torch::Tensor& map,
                         const Preprocessing& preprocessing, std::int64_t max_bytes, int side);

/// Writes the image as the network sees it and, beside it, its overlay, as one PNG. Throws
/// DataError where the image cannot be read, and OutputError.
void write_overlay_picture(const Sample& sample, const torch::Tensor& map,
                           const Preprocessing& preprocessing, const std::filesystem::path& file);

}  // namespace transfer
