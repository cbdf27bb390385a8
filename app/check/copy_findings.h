#pragma once

#include <vector>

#include "app/check/finding.h"
#include "datasets/check/near_duplicates.h"
#include "datasets/listed_data.h"

namespace transfer {

/// The duplicates of a data set, of which each image but the first of its like is one, the pictures
/// that are in two splits (one finding for each image that measures, by the rule of
/// data.allow_leakage), and those that have two labels. Exact duplicates come from
/// Sample::copy_group, the others from `pairs`.
std::vector<Finding> copy_findings(const ListedData& data, const std::vector<AlikePair>& pairs);

/// Lets Sample::kept_with say that the images of each pair belong together too.
void keep_pairs_together(std::vector<Sample>& samples, const std::vector<AlikePair>& pairs);

}  // namespace transfer
