#include "app/report/epoch_curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "app/report/drawing.h"
#include "app/training/score_name.h"
#include "core/split_text.h"
#include "datasets/png_writer.h"

namespace transfer {
namespace {

constexpr int kPlotWidth = 560;
constexpr int kPlotHeight = 400;

/// A value over the epochs.
struct EpochCurve {
  std::string name;
  cv::Scalar colour;
  std::vector<cv::Point2d> points;
};

/// The values of a key; lines without it, or with NaN, have no point.
EpochCurve curve_of(const std::vector<nlohmann::json>& lines, const std::string& key,
                    const std::string& name, const cv::Scalar& colour) {
  EpochCurve curve{name, colour, {}};
  for (const auto& line : lines) {
    const auto value = line.find(key);
    if (value == line.end() || !value->is_number()) continue;
    curve.points.emplace_back(line["epoch"].get<double>(), value->get<double>());
  }
  return curve;
}

/// Where one of the two plots lies, and what its axes show.
struct EpochAxes {
  cv::Rect frame;
  double first_epoch;
  double last_epoch;
  double low;
  double high;

  cv::Point place(const cv::Point2d& point) const {
    const double across = (point.x - first_epoch) / std::max(last_epoch - first_epoch, 1.0);
    const double up = (point.y - low) / std::max(high - low, 1e-12);
    return {frame.x + static_cast<int>(std::lround(across * frame.width)),
            frame.y + static_cast<int>(std::lround((1 - up) * frame.height))};
  }
};

/// A round step, 1, 2 or 5 times a power of ten, of which `span` has 4 to 10.
double round_step(double span) {
  const double power = std::pow(10.0, std::floor(std::log10(std::max(span, 1e-12) / 4)));
  const double steps = span / 4 / power;
  return power * (steps >= 5 ? 5 : steps >= 2 ? 2 : 1);
}

EpochAxes axes_of(const std::vector<EpochCurve>& curves, int left) {
  EpochAxes axes{
      {left + 70, 40, kPlotWidth - 90, kPlotHeight - 90}, HUGE_VAL, -HUGE_VAL, HUGE_VAL, -HUGE_VAL};
  for (const EpochCurve& curve : curves) {
    for (const auto& [x, y] : curve.points) {
      axes.first_epoch = std::min(axes.first_epoch, x);
      axes.last_epoch = std::max(axes.last_epoch, x);
      axes.low = std::min(axes.low, y);
      axes.high = std::max(axes.high, y);
    }
  }
  const double span = axes.high - axes.low;
  const double margin = span > 0 ? span * 0.05 : std::abs(axes.high) * 0.1 + 1e-3;
  axes.low -= margin;
  axes.high += margin;
  return axes;
}

void draw_epoch_axes(cv::Mat& picture, const EpochAxes& axes, const std::string& title) {
  const cv::Rect& frame = axes.frame;
  const double step = round_step(axes.high - axes.low);
  for (double y = std::ceil(axes.low / step) * step; y <= axes.high; y += step) {
    const int row = axes.place({axes.first_epoch, y}).y;
    cv::line(picture, {frame.x, row}, {frame.x + frame.width, row}, drawing::kLightGrey);
    const std::string text = fmt::format("{:.4g}", std::abs(y) < step / 2 ? 0.0 : y);
    drawing::draw_text(picture, text, {frame.x - 8 - drawing::text_width(text), row + 4});
  }
  const double epochs = std::max(1.0, round_step(axes.last_epoch - axes.first_epoch));
  for (double x = std::ceil(axes.first_epoch / epochs) * epochs; x <= axes.last_epoch;
       x += epochs) {
    const int column = axes.place({x, axes.low}).x;
    cv::line(picture, {column, frame.y}, {column, frame.y + frame.height}, drawing::kLightGrey);
    const std::string text = fmt::format("{:.0f}", x);
    drawing::draw_text(picture, text,
                       {column - drawing::text_width(text) / 2, frame.y + frame.height + 18});
  }
  cv::rectangle(picture, frame, drawing::kGrey);
  drawing::draw_text(picture, title, {frame.x, frame.y - 12}, 0.5);
  drawing::draw_text(picture, "epoch",
                     {frame.x + frame.width / 2 - 18, frame.y + frame.height + 36});
}

void draw_curve(cv::Mat& picture, const EpochAxes& axes, const EpochCurve& curve) {
  constexpr std::size_t kMostDots = 40;
  for (std::size_t i = 0; i < curve.points.size(); ++i) {
    const cv::Point at = axes.place(curve.points[i]);
    if (i > 0) {
      cv::line(picture, axes.place(curve.points[i - 1]), at, curve.colour, 2, cv::LINE_AA);
    }
    if (curve.points.size() <= kMostDots) {
      cv::circle(picture, at, 3, curve.colour, cv::FILLED, cv::LINE_AA);
    }
  }
}

void draw_plot(cv::Mat& picture, const std::vector<EpochCurve>& curves, int left,
               const std::string& title, std::int64_t best_epoch) {
  const EpochAxes axes = axes_of(curves, left);
  if (axes.first_epoch > axes.last_epoch) return;  // no points
  draw_epoch_axes(picture, axes, title);
  const auto best = static_cast<double>(best_epoch);
  if (best >= axes.first_epoch && best <= axes.last_epoch) {
    const int column = axes.place({best, axes.low}).x;
    cv::line(picture, {column, axes.frame.y}, {column, axes.frame.y + axes.frame.height},
             drawing::kGreen);
  }
  int right = axes.frame.x + axes.frame.width;
  const auto add_to_legend = [&](const std::string& name, const cv::Scalar& colour) {
    right -= drawing::text_width(name) + 4;
    drawing::draw_text(picture, name, {right, axes.frame.y - 12});
    right -= 24;
    cv::line(picture, {right, axes.frame.y - 16}, {right + 18, axes.frame.y - 16}, colour, 2);
    right -= 10;
  };
  add_to_legend(fmt::format("best epoch {}", best_epoch), drawing::kGreen);
  for (const EpochCurve& curve : curves) {
    if (curve.points.empty()) continue;
    add_to_legend(curve.name, curve.colour);
    draw_curve(picture, axes, curve);
  }
}

/// The score of a line: the first of kModelScores that it has.
ScoreName score_in(const nlohmann::json& line) {
  for (const ScoreName& score : kModelScores) {
    if (line.contains(fmt::format("val_{}", score.key))) return score;
  }
  return kAccuracy;
}

}  // namespace

void write_epoch_curves(std::string_view json_lines, std::int64_t best_epoch,
                        const std::filesystem::path& file) {
  std::vector<nlohmann::json> lines;
  for (const std::string_view text : split_text(json_lines, '\n')) {
    auto line = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (line.is_object() && line.contains("epoch") && line["epoch"].is_number()) {
      lines.push_back(std::move(line));
    }
  }
  const ScoreName score = lines.empty() ? kAccuracy : score_in(lines.back());
  const auto pair = [&](std::string_view key) {
    return std::vector<EpochCurve>{
        curve_of(lines, fmt::format("val_{}", key), "validation", drawing::kOrange),
        curve_of(lines, fmt::format("train_{}", key), "training", drawing::kBlue)};
  };
  cv::Mat picture(kPlotHeight, 2 * kPlotWidth, CV_8UC3, cv::Scalar::all(255));
  draw_plot(picture, pair("loss"), 0, "loss", best_epoch);
  draw_plot(picture, pair(score.key), kPlotWidth, drawing::ascii_text(score.title), best_epoch);
  write_png(picture, file);
}

}  // namespace transfer
