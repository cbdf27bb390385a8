#pragma once

#include <opencv2/core/mat.hpp>

namespace transfer {

/// Changes to 8-bit RGB images, in place where they return nothing; a factor of 1 changes nothing.

/// A copy with the grey value of every pixel in all three channels.
cv::Mat grey_copy(const cv::Mat& image);

/// Multiplies every value.
void scale_brightness(cv::Mat& image, double factor);

/// Moves every value away from the image's mean grey; a factor below 1 moves it closer.
void scale_contrast(cv::Mat& image, double factor);

/// Moves every pixel away from its own grey.
void scale_saturation(cv::Mat& image, double factor);

/// Moves every pixel away from the mean of its neighbourhood, Pillow's SMOOTH filter.
void scale_sharpness(cv::Mat& image, double factor);

/// Turns every colour around the colour circle.
void shift_hue(cv::Mat& image, double degrees);

/// Stretches each channel to the full range.
void stretch_contrast(cv::Mat& image);

/// Makes each channel's histogram flat.
void equalize(cv::Mat& image);

/// Inverts values of at least `threshold`, which is 0 to 256.
void solarize(cv::Mat& image, int threshold);

/// Keeps the highest `bits` bits of every value, 0 to 8.
void posterize(cv::Mat& image, int bits);

}  // namespace transfer
