#pragma once

#include <optional>
#include <string>
#include <vector>

#include "datasets/loader.h"

namespace transfer {

/// SHA-256 of the content of each image, under which its features are kept; "" for one that cannot
/// be read, which is added to `broken`. Throws Interrupted.
std::vector<std::string> contents_of(const std::vector<Sample>& samples,
                                     std::vector<BrokenImage>& broken);

/// Why features that were just computed from `sample` may not be kept under the hash `content`: it
/// no longer has that content ("PATH: REASON"). Nothing where it has.
std::optional<std::string> why_changed(const Sample& sample, const std::string& content);

}  // namespace transfer
