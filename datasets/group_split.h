#pragma once

#include <cstdint>
#include <vector>

#include "datasets/dataset.h"

namespace transfer {

/// Whether some of the samples belong to a group (Sample::kept_with) that is more than copies of
/// one image.
bool have_groups(const std::vector<Sample>& samples);

/// How many parts there are that no division may cut: groups, copies of an image, single images.
std::int64_t count_parts(const std::vector<Sample>& samples);

/// Chooses about `fraction` of every class, in whole groups: those drawn by `seed` that bring the
/// classes nearest to it. Takes at least one group of a class that has several, where that leaves
/// every class an image, and never a class's last. Returns for each sample whether it is taken.
std::vector<bool> take_groups(const std::vector<Sample>& samples, double fraction,
                              std::uint64_t seed);

/// Deals whole groups out to `folds` folds, the largest first, each to the fold that has the least
/// of its classes, so that classes are as even as groups allow (as scikit-learn's
/// StratifiedGroupKFold does). `seed` decides among equals. Returns the fold of each sample.
std::vector<std::int64_t> deal_groups(const std::vector<Sample>& samples, std::int64_t folds,
                                      std::uint64_t seed);

}  // namespace transfer
