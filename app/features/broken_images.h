#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/loader.h"

namespace transfer {

/// Warns of each broken image.
void report_broken(const std::vector<BrokenImage>& broken);

/// Whether the sample, which is in the batch, is broken.
bool is_broken(const Batch& batch, std::int64_t sample);

/// Adds to `broken`, which is ordered by sample, those of `more` that it lacks. Returns these, in
/// order.
std::vector<BrokenImage> add_broken(const std::vector<BrokenImage>& more,
                                    std::vector<BrokenImage>& broken);

/// Throws DataError when more than the fraction `max_broken` of `total` images is broken, or all of
/// them are. `title` names the split in the message.
void require_few_broken(const std::vector<BrokenImage>& broken, std::int64_t total,
                        const std::string& title, double max_broken);

/// The truth of the samples; broken ones do not count.
Truth truth_of(const std::vector<Sample>& samples, const std::vector<BrokenImage>& broken);

}  // namespace transfer
