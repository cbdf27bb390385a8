#include "app/report/confusion_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "app/report/drawing.h"
#include "datasets/png_writer.h"

namespace transfer {
namespace {

/// Pixels that a name may take.
constexpr int kWidestName = 150;
constexpr int kTitleHeight = 46;
constexpr int kEdge = 12;
/// Smaller text cannot be read.
constexpr double kSmallestScale = 0.28;

/// Where everything lies.
struct MatrixLayout {
  int cell;
  int names;  ///< width of the names on the left, and height of those above
  int left;
  int top;
  int size;  ///< of the matrix, in pixels
  int step;  ///< every step-th name is written
};

MatrixLayout layout_of(const std::vector<std::string>& names) {
  const auto count = static_cast<int>(names.size());
  MatrixLayout layout{};
  layout.cell = count <= 8 ? 56 : count <= 30 ? 30 : count <= 60 ? 18 : std::max(1, 1400 / count);
  if (count > 60 && count <= 110) layout.cell = 13;
  for (const std::string& name : names) {
    layout.names = std::max(layout.names, std::min(drawing::text_width(name), kWidestName));
  }
  layout.left = kEdge + drawing::kLineHeight + layout.names + 8;
  layout.top = kTitleHeight + drawing::kLineHeight + layout.names + 8;
  layout.size = layout.cell * count;
  layout.step = (drawing::kLineHeight - 3 + layout.cell - 1) / layout.cell;
  return layout;
}

/// White for nothing up to the full colour for all; small shares of mistakes stay visible.
cv::Scalar shade(double share, bool is_right) {
  const cv::Scalar full = is_right ? drawing::kBlue : drawing::kRed;
  const double strength = is_right ? share : std::sqrt(share);
  return cv::Scalar::all(255) * (1 - strength) + full * strength;
}

void draw_count(cv::Mat& picture, std::int64_t count, const cv::Rect& cell, bool is_dark) {
  const std::string text = fmt::format("{}", count);
  const double fitting = (cell.width - 2.0) / std::max(drawing::text_width(text, 1.0), 1);
  const double scale = std::min({fitting, (cell.height - 3.0) / 22, 0.5});
  if (count == 0 || scale < kSmallestScale) return;
  const int width = drawing::text_width(text, scale);
  drawing::draw_text(picture, text,
                     {cell.x + (cell.width - width + 1) / 2,
                      cell.y + cell.height / 2 + static_cast<int>(std::lround(11 * scale))},
                     scale, is_dark ? cv::Scalar::all(255) : drawing::kBlack);
}

void draw_cells(cv::Mat& picture, const std::vector<std::vector<std::int64_t>>& counts,
                const MatrixLayout& layout) {
  constexpr double kDark = 0.5;
  for (std::size_t truth = 0; truth < counts.size(); ++truth) {
    const auto& row = counts[truth];
    const auto total = std::accumulate(row.begin(), row.end(), std::int64_t{0});
    for (std::size_t predicted = 0; predicted < row.size(); ++predicted) {
      const cv::Rect cell(layout.left + static_cast<int>(predicted) * layout.cell,
                          layout.top + static_cast<int>(truth) * layout.cell, layout.cell,
                          layout.cell);
      const bool is_right = truth == predicted;
      const double share =
          total > 0 ? static_cast<double>(row[predicted]) / static_cast<double>(total) : 0;
      if (row[predicted] > 0) {
        cv::rectangle(picture, cell, shade(share, is_right), cv::FILLED);
      }
      draw_count(picture, row[predicted], cell, (is_right ? share : std::sqrt(share)) > kDark);
    }
  }
}

void draw_grid(cv::Mat& picture, std::size_t count, const MatrixLayout& layout) {
  constexpr int kFinest = 8;
  const int end = layout.size;
  const int between = layout.cell >= kFinest ? layout.cell : end;
  for (int at = 0; at <= static_cast<int>(count) * layout.cell; at += between) {
    cv::line(picture, {layout.left + at, layout.top}, {layout.left + at, layout.top + end},
             drawing::kLightGrey);
    cv::line(picture, {layout.left, layout.top + at}, {layout.left + end, layout.top + at},
             drawing::kLightGrey);
  }
  cv::rectangle(picture, cv::Rect(layout.left, layout.top, end + 1, end + 1), drawing::kGrey);
}

void draw_names(cv::Mat& picture, const std::vector<std::string>& names,
                const MatrixLayout& layout) {
  for (std::size_t i = 0; i < names.size(); i += static_cast<std::size_t>(layout.step)) {
    const std::string name = drawing::fitting_text(names[i], kWidestName);
    const int middle = static_cast<int>(i) * layout.cell + layout.cell / 2;
    drawing::draw_text(picture, name,
                       {layout.left - 6 - drawing::text_width(name), layout.top + middle + 4});
    drawing::draw_text_upwards(picture, name, {layout.left + middle + 4, layout.top - 6});
  }
  drawing::draw_text(picture, "predicted", {layout.left, kTitleHeight + 6}, drawing::kTextScale,
                     drawing::kGrey);
  drawing::draw_text_upwards(picture, "true", {kEdge + 8, layout.top + 36});
}

}  // namespace

void write_confusion_picture(const std::vector<std::vector<std::int64_t>>& counts,
                             const std::vector<std::string>& classes, const std::string& title,
                             const std::filesystem::path& file) {
  const std::vector<std::string> names = drawing::drawable_names(classes);
  const MatrixLayout layout = layout_of(names);
  const std::string legend = drawing::legend_of_numbers(names);
  const int width = std::max({layout.left + layout.size, kEdge + drawing::text_width(title, 0.5),
                              kEdge + drawing::text_width(legend)}) +
                    kEdge;
  const int height = layout.top + layout.size + kEdge + (legend.empty() ? 0 : drawing::kLineHeight);
  cv::Mat picture(height, width, CV_8UC3, cv::Scalar::all(255));
  drawing::draw_text(picture, title, {kEdge, 24}, 0.5);
  draw_cells(picture, counts, layout);
  draw_grid(picture, classes.size(), layout);
  draw_names(picture, names, layout);
  drawing::draw_text(picture, legend, {kEdge, height - 8}, drawing::kTextScale, drawing::kGrey);
  write_png(picture, file);
}

}  // namespace transfer
