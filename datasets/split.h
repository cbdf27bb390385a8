#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "datasets/dataset.h"

namespace transfer {

/// Takes `fraction` of every class out of `samples`: at least one image of a class that has two or
/// more, and never its last. `seed` decides which. Copies of an image and the images of a
/// group stay together (see group_split.h), so that a class of many copies may give another
/// fraction, and a class of nothing but copies gives none.
/// Returns (kept, taken), each in the order of `samples`.
std::pair<std::vector<Sample>, std::vector<Sample>> stratified_split(
    const std::vector<Sample>& samples, double fraction, std::uint64_t seed);

/// One of the `folds` divisions of k-fold cross-validation: every class is dealt out to the folds
/// as evenly as possible, in an order that `seed` decides, copies of an image and
/// the images of a group into the same fold.
/// Returns (the other folds, fold `fold`), each in the order of `samples`. REQUIRES: 0 <= fold <
/// folds.
std::pair<std::vector<Sample>, std::vector<Sample>> stratified_fold(
    const std::vector<Sample>& samples, std::int64_t folds, std::int64_t fold, std::uint64_t seed);

/// At most `count` images of every class, chosen by `seed`, in the order of `samples`.
std::vector<Sample> limit_per_class(const std::vector<Sample>& samples, std::int64_t count,
                                    std::uint64_t seed);

/// About `count` images, every class in the same proportion but at least `least` of each, chosen by
/// `seed`, in the order of `samples`; all of them where there are at most `count`.
std::vector<Sample> stratified_sample(const std::vector<Sample>& samples, std::int64_t count,
                                      std::int64_t least, std::uint64_t seed);

}  // namespace transfer
