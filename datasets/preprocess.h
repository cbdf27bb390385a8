#pragma once

#include <opencv2/core/mat.hpp>

#include "core/preprocessing.h"

namespace transfer {

/// Fits an image by the rule: 8 bits, RGB or bands, of any size → the same channels in the
/// network's input size. Shrinking averages over areas; growing uses the interpolation of
/// `preprocessing`.
cv::Mat resize_and_crop(const cv::Mat& image, const Preprocessing& preprocessing);

/// Resizes to exactly `width` × `height`, with the interpolation that resize_and_crop would use.
cv::Mat resize_to(const cv::Mat& image, std::int64_t width, std::int64_t height,
                  Interpolation interpolation);

/// The shorter side in pixels below which an image of whatever proportions loses detail that the
/// network would see; a decoder may make larger images smaller (see EncodedImage).
std::int64_t shorter_side_seen(const Preprocessing& preprocessing);

/// Writes an 8-bit image of the input size as normalised floats in the order [H,W,C], the order of
/// one image in a channels-last batch. It is RGB where the network reads colours or grey, and has
/// the network's channels otherwise. A network with one channel gets the luma of ITU-R BT.601.
/// `out` must hold height · width · channels floats.
void write_normalized(const cv::Mat& image, const Preprocessing& preprocessing, float* out);

/// What the network sees of an 8-bit image, as RGB to be shown: grey for a grey network, the first
/// three bands, or the first one, where it reads bands.
cv::Mat shown_colours(const cv::Mat& image, const Preprocessing& preprocessing);

}  // namespace transfer
