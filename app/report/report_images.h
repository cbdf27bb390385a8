#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/report/report_extras.h"
#include "app/report/run_pictures.h"

namespace transfer {

/// Positions of the images whose predictions are furthest off, the worst first: mistakes, or of
/// numbers all; where there are no mistakes, the least sure of those that are right.
std::vector<std::int64_t> images_of_highest_loss(const ShownSplit& split, std::size_t most = 24);

/// The images of a report and where they are shown, as JSON:
/// - `images`: of each `path`, `true`, `predicted`, `right` and `confidence` (not of numbers),
///   `loss`, `thumbnail` (a data address, null where it cannot be read), `overlay`, `nearest`;
/// - `top`: places in `images` of images_of_highest_loss();
/// - `cells` of classes: `{truth, predicted, images}`, class numbers and places;
/// - `labels` of labels: for each `missed` and `added`, places;
/// - `counted` and `left_out`: how many images the split has, and how many are not shown.
/// The images of the highest loss come first, then those of cells off the diagonal, then some that
/// are right, until their bytes fill what a page may have: under 4 MB.
nlohmann::ordered_json report_images(const ShownSplit& split, const ReportExtras& extras);

}  // namespace transfer
