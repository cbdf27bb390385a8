#include "app/check/image_findings.h"

#include <algorithm>

namespace transfer {
namespace {

// Thresholds of the measures of ImageScan; bench/data_check_vs_cleanlab.py prints what they find.
constexpr double kLeastContrast = 0.02;
/// Of the brightest value: a dark image may have shapes of little contrast.
constexpr double kLeastPart = 0.1;
constexpr double kLeastBrightest = 0.25;
constexpr double kMostBlur = 0.70;
constexpr double kMostCutOff = 0.5;

SizeSpread spread_of(std::vector<double> numbers) {
  if (numbers.empty()) return {};
  std::sort(numbers.begin(), numbers.end());
  return {numbers.front(), numbers[numbers.size() / 2], numbers.back()};
}

}  // namespace

bool has_one_shade(const ImageScan& scan) {
  return scan.contrast < kLeastContrast && scan.contrast <= kLeastPart * scan.brightest;
}

double share_cut_off(const ImageScan& scan, const Preprocessing& p) {
  if (p.resize_rule != ResizeRule::kShorterSide && p.resize_rule != ResizeRule::kCover) return 0;
  if (scan.width == 0 || scan.height == 0) return 0;
  // The image just covers a box of the input's proportions, whose shorter side is p.resize.
  const auto height = static_cast<double>(p.height);
  const auto width = static_cast<double>(p.width);
  const double box = static_cast<double>(p.resize) / std::min(height, width);
  const double scale = std::max(box * height / static_cast<double>(scan.height),
                                box * width / static_cast<double>(scan.width));
  const double seen = std::min(height / scale / static_cast<double>(scan.height), 1.0) *
                      std::min(width / scale / static_cast<double>(scan.width), 1.0);
  return 1 - seen;
}

std::vector<Finding> image_findings(const std::vector<ImageScan>& scans,
                                    const Preprocessing& preprocessing) {
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < scans.size(); ++i) {
    const ImageScan& scan = scans[i];
    const auto add = [&](Fault fault, double score) {
      findings.push_back({fault, i, std::nullopt, score});
    };
    if (!scan.is_readable()) {
      add(Fault::kBroken, 1);
      continue;
    }
    if (scan.has_other_ending) add(Fault::kOtherEnding, 1);
    const bool is_dark = scan.brightest < kLeastBrightest;
    if (has_one_shade(scan)) add(Fault::kOneShade, 1 - scan.contrast);
    if (is_dark) add(Fault::kDark, 1 - scan.brightest);
    // Either of them explains that there is no detail.
    if (!has_one_shade(scan) && !is_dark && scan.blur > kMostBlur) add(Fault::kBlurry, scan.blur);
    const double cut_off = share_cut_off(scan, preprocessing);
    if (cut_off > kMostCutOff) add(Fault::kCropped, cut_off);
  }
  return findings;
}

SizeSummary summarize_sizes(const std::vector<ImageScan>& scans,
                            const Preprocessing& preprocessing) {
  std::vector<double> widths;
  std::vector<double> heights;
  std::vector<double> ratios;
  std::vector<double> cut_off;
  for (const ImageScan& scan : scans) {
    if (!scan.is_readable()) continue;
    widths.push_back(static_cast<double>(scan.width));
    heights.push_back(static_cast<double>(scan.height));
    ratios.push_back(scan.aspect_ratio());
    cut_off.push_back(share_cut_off(scan, preprocessing));
  }
  return {spread_of(widths), spread_of(heights), spread_of(ratios), spread_of(cut_off)};
}

}  // namespace transfer
