#include "app/report/curve_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "app/report/drawing.h"
#include "datasets/png_writer.h"

namespace transfer {
namespace {

const cv::Size kSize(800, 500);
const cv::Rect kFrame(80, 20, 700, 420);

/// Maps data to pixels of the plot.
struct Axes {
  double x_low, x_high, y_low, y_high;

  cv::Point place(double x, double y) const {
    const double across = (std::log10(x) - x_low) / std::max(x_high - x_low, 1e-9);
    const double up = (y - y_low) / std::max(y_high - y_low, 1e-9);
    return {kFrame.x + static_cast<int>(std::lround(across * kFrame.width)),
            kFrame.y + static_cast<int>(std::lround((1.0 - up) * kFrame.height))};
  }
};

void draw_axes(cv::Mat& image, const CurvePlot& plot, const Axes& axes) {
  for (int power = static_cast<int>(std::ceil(axes.x_low)); power <= axes.x_high; ++power) {
    const cv::Point at = axes.place(std::pow(10.0, power), axes.y_low);
    cv::line(image, {at.x, kFrame.y}, at, drawing::kLightGrey);
    drawing::draw_text(image, fmt::format("1e{}", power), {at.x - 15, at.y + 18});
  }
  constexpr int kLines = 5;
  for (int i = 0; i <= kLines; ++i) {
    const double y = axes.y_low + (axes.y_high - axes.y_low) * i / kLines;
    const int row = axes.place(plot.x.front(), y).y;
    cv::line(image, {kFrame.x, row}, {kFrame.x + kFrame.width, row}, drawing::kLightGrey);
    drawing::draw_text(image, fmt::format("{:.3g}", y), {10, row + 4});
  }
  cv::rectangle(image, kFrame, drawing::kBlack);
  drawing::draw_text(image, plot.x_title, {kFrame.x + kFrame.width / 2 - 50, kSize.height - 12});
  drawing::draw_text(image, plot.y_title, {kFrame.x + 8, kFrame.y + 16});
}

}  // namespace

void write_curve(const CurvePlot& plot, const std::filesystem::path& file) {
  const auto [x_low, x_high] = std::minmax_element(plot.x.begin(), plot.x.end());
  const auto [y_low, y_high] = std::minmax_element(plot.y.begin(), plot.y.end());
  const Axes axes{std::log10(*x_low), std::log10(*x_high), *y_low, *y_high};
  cv::Mat image(kSize, CV_8UC3, cv::Scalar::all(255));
  draw_axes(image, plot, axes);
  if (plot.mark) {
    const int column = axes.place(*plot.mark, axes.y_low).x;
    cv::line(image, {column, kFrame.y}, {column, kFrame.y + kFrame.height}, drawing::kRed, 1,
             cv::LINE_AA);
  }
  for (std::size_t i = 1; i < plot.x.size(); ++i) {
    cv::line(image, axes.place(plot.x[i - 1], plot.y[i - 1]), axes.place(plot.x[i], plot.y[i]),
             drawing::kBlue, 2, cv::LINE_AA);
  }
  write_png(image, file);
}

}  // namespace transfer
