#include "app/report/image_sheet.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "app/report/drawing.h"
#include "core/errors.h"
#include "datasets/decode.h"
#include "datasets/png_writer.h"
#include "datasets/preprocess.h"

namespace transfer {
namespace {

/// The longer side of an image on the sheet.
constexpr int kThumbnail = 168;
constexpr int kSpace = 12;
constexpr int kSheetTop = 40;

/// The image as the network sees it, as large as the sheet shows it.
cv::Mat thumbnail(const Sample& sample, const Preprocessing& preprocessing) {
  const cv::Mat decoded = decode_for(sample, preprocessing);
  const cv::Mat seen = shown_colours(resize_and_crop(decoded, preprocessing), preprocessing);
  const double factor = static_cast<double>(kThumbnail) / std::max(seen.cols, seen.rows);
  const cv::Size size(std::max(1, static_cast<int>(seen.cols * factor)),
                      std::max(1, static_cast<int>(seen.rows * factor)));
  cv::Mat shown;
  cv::resize(seen, shown, size, 0, 0, factor < 1 ? cv::INTER_AREA : cv::INTER_NEAREST);
  return shown;
}

cv::Mat thumbnail_or_grey(const Sample& sample, const Preprocessing& preprocessing) {
  try {
    return thumbnail(sample, preprocessing);
  } catch (const DataError&) {  // gone since it was evaluated
    return {kThumbnail, kThumbnail, CV_8UC3, drawing::kLightGrey};
  }
}

void draw_sheet_image(cv::Mat& sheet, const SheetImage& image, cv::Point at,
                      const Preprocessing& preprocessing) {
  using Mark = SheetImage::Mark;
  const cv::Mat shown = thumbnail_or_grey(image.sample, preprocessing);
  shown.copyTo(sheet(cv::Rect(at, shown.size())));
  if (image.mark != Mark::kNone) {
    const cv::Scalar colour = image.mark == Mark::kRight ? drawing::kGreen : drawing::kRed;
    cv::rectangle(sheet, cv::Rect(at, shown.size()) - cv::Point(2, 2) + cv::Size(4, 4), colour, 3);
  }
  std::vector<std::string> lines = {
      drawing::fitting_text(image.name, kThumbnail, /*keeps_end=*/true)};
  for (const std::string& line : image.lines) {
    lines.push_back(drawing::fitting_text(line, kThumbnail));
  }
  int base = at.y + kThumbnail;
  for (const std::string& line : lines) {
    base += drawing::kLineHeight;
    drawing::draw_text(sheet, line, {at.x, base}, drawing::kTextScale,
                       &line == &lines.front() ? drawing::kGrey : drawing::kBlack);
  }
}

}  // namespace

void write_image_sheet(const std::string& title, const std::vector<SheetImage>& images,
                       const std::string& footer, const Preprocessing& preprocessing,
                       const std::filesystem::path& file, int most_columns) {
  std::size_t most_lines = 1;
  for (const SheetImage& image : images) most_lines = std::max(most_lines, image.lines.size() + 1);
  const auto count = static_cast<int>(images.size());
  const int columns = std::clamp(count, 1, std::max(most_columns, 1));
  const int rows = (count + columns - 1) / columns;
  const int cell_height =
      kThumbnail + static_cast<int>(most_lines) * drawing::kLineHeight + 2 * kSpace;
  const int width = std::max({kSpace + columns * (kThumbnail + kSpace),
                              2 * kSpace + drawing::text_width(title, 0.5),
                              2 * kSpace + drawing::text_width(footer)});
  cv::Mat sheet(kSheetTop + rows * cell_height + (footer.empty() ? 0 : drawing::kLineHeight), width,
                CV_8UC3, cv::Scalar::all(255));
  drawing::draw_text(sheet, title, {kSpace, 24}, 0.5);
  for (int i = 0; i < count; ++i) {
    const cv::Point at(kSpace + i % columns * (kThumbnail + kSpace),
                       kSheetTop + i / columns * cell_height);
    draw_sheet_image(sheet, images[static_cast<std::size_t>(i)], at, preprocessing);
  }
  drawing::draw_text(sheet, footer, {kSpace, sheet.rows - 8}, drawing::kTextScale, drawing::kGrey);
  write_png(sheet, file);
}

}  // namespace transfer
