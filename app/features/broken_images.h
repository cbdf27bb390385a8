#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/loader.h"

namespace transfer {

/// Warns of each broken image.
void report_broken(const std::vector<BrokenImage>& broken);

/// Throws DataError when more than the part `max_broken` of `total` images is broken, or all of
/// them. `title` names the split in the message.
void require_few_broken(const std::vector<BrokenImage>& broken, std::int64_t total,
                        const std::string& title, double max_broken);

/// What is known of the samples; broken ones do not count.
Truth truth_of(const std::vector<Sample>& samples, const std::vector<BrokenImage>& broken);

}  // namespace transfer
