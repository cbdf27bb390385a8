#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace transfer::drawing {

// Pictures are 8-bit RGB (CV_8UC3), and colours red, green, blue.
inline const cv::Scalar kBlack(0, 0, 0);
inline const cv::Scalar kGrey(110, 110, 110);
inline const cv::Scalar kLightGrey(225, 225, 225);
inline const cv::Scalar kBlue(20, 90, 180);
inline const cv::Scalar kOrange(225, 110, 10);
inline const cv::Scalar kRed(200, 40, 40);
inline const cv::Scalar kGreen(30, 140, 60);

/// OpenCV's font draws ASCII alone. The text in ASCII, letters without their accents ("Käfer":
/// "Kafer"), or "" where it has other letters.
std::string ascii_text(std::string_view text);

/// The names as ascii_text() has them, or "#N", its position from 0 on, for one that this leaves
/// empty or makes equal to another.
std::vector<std::string> drawable_names(const std::vector<std::string>& names);

/// What a picture says below such names where some are numbers; else "".
std::string legend_of_numbers(const std::vector<std::string>& drawable_names);

/// Size of ordinary text, for `scale` below: capitals of 8 pixels.
inline constexpr double kTextScale = 0.4;
/// Pixels from one line of such text to the next.
inline constexpr int kLineHeight = 15;

/// Draws ASCII from the left end of its base line on.
void draw_text(cv::Mat& picture, const std::string& text, cv::Point at, double scale = kTextScale,
               const cv::Scalar& colour = kBlack);

/// The same from the bottom upwards, the base line on the right.
void draw_text_upwards(cv::Mat& picture, const std::string& text, cv::Point at,
                       double scale = kTextScale);

int text_width(const std::string& text, double scale = kTextScale);

/// The text, with ".." in place of what would be wider than `width` pixels: the end, or the middle
/// where both ends tell most, as of file names.
std::string fitting_text(const std::string& text, int width, bool keeps_end = false,
                         double scale = kTextScale);

}  // namespace transfer::drawing
