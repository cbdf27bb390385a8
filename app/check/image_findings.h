#pragma once

#include <array>
#include <vector>

#include "app/check/finding.h"
#include "core/preprocessing.h"
#include "datasets/check/image_scan.h"

namespace transfer {

/// Whether an image that can be read is nearly constant.
bool has_one_shade(const ImageScan& scan);

/// The share of an image's pixels that the network does not see, because the centre crop cuts them
/// off; 0 for a rule that keeps all of them.
double share_cut_off(const ImageScan& scan, const Preprocessing& preprocessing);

/// What the pixels of single images show: broken, nearly constant, dark and blurry ones, those of
/// which the crop cuts off more than half, and files whose ending belongs to another format.
std::vector<Finding> image_findings(const std::vector<ImageScan>& scans,
                                    const Preprocessing& preprocessing);

/// Smallest, median and largest of some numbers.
struct SizeSpread {
  double smallest = 0;
  double median = 0;
  double largest = 0;
};

/// How large the images that can be read are.
struct SizeSummary {
  SizeSpread width;         ///< pixels
  SizeSpread height;        ///< pixels
  SizeSpread aspect_ratio;  ///< longer / shorter side
  SizeSpread cut_off;       ///< share_cut_off()
};
SizeSummary summarize_sizes(const std::vector<ImageScan>& scans,
                            const Preprocessing& preprocessing);

}  // namespace transfer
