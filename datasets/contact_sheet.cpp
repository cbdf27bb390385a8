#include "datasets/contact_sheet.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <string>

#include "core/cancellation.h"
#include "core/random.h"
#include "datasets/augment.h"
#include "datasets/decode.h"
#include "datasets/png_writer.h"
#include "datasets/preprocess.h"

namespace transfer {
namespace {

constexpr int kGap = 4;
constexpr int kCaptionHeight = 18;

void draw_cell(cv::Mat& sheet, const cv::Mat& image, int column, int top) {
  const int left = kGap + column * (image.cols + kGap);
  image.copyTo(sheet(cv::Rect(left, top, image.cols, image.rows)));
}

SheetRow row_of(const std::string& caption, const Sample& sample) {
  SheetRow row;
  row.text = caption + "  " + std::filesystem::path(sample.path).filename().string();
  row.is_drawn = std::all_of(row.text.begin(), row.text.end(),
                             [](char letter) { return letter >= ' ' && letter <= '~'; });
  return row;
}

}  // namespace

std::vector<SheetRow> write_contact_sheet(const std::vector<Sample>& samples,
                                          const std::vector<std::string>& captions,
                                          const AugmentConfig& config, const Preprocessing& p,
                                          std::int64_t views, std::uint64_t seed,
                                          const std::filesystem::path& file) {
  const int row_height = static_cast<int>(p.height) + kCaptionHeight + kGap;
  const int columns = static_cast<int>(views) + 1;
  cv::Mat sheet(kGap + row_height * static_cast<int>(samples.size()),
                kGap + columns * (static_cast<int>(p.width) + kGap), CV_8UC3, cv::Scalar::all(255));
  std::vector<SheetRow> rows;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    throw_if_stopped();
    const Sample& sample = samples[i];
    const cv::Mat decoded = decode_for(sample, p);
    const int top = kGap + static_cast<int>(i) * row_height;
    draw_cell(sheet, shown_colours(resize_and_crop(decoded, p), p), 0, top + kCaptionHeight);
    for (std::int64_t view = 1; view <= views; ++view) {
      const auto view_seed = mix_seed({seed, static_cast<std::uint64_t>(view), i});
      draw_cell(sheet, shown_colours(augment(decoded, config, p, view_seed), p),
                static_cast<int>(view), top + kCaptionHeight);
    }
    rows.push_back(row_of(captions[i], sample));
    cv::putText(sheet, std::to_string(i + 1) + (rows[i].is_drawn ? "  " + rows[i].text : ""),
                cv::Point(kGap, top + kCaptionHeight - 5), cv::FONT_HERSHEY_SIMPLEX, 0.4,
                cv::Scalar::all(0), 1, cv::LINE_AA);
  }
  write_png(sheet, file);
  return rows;
}

}  // namespace transfer
