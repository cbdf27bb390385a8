#pragma once

#include <string>
#include <vector>

#include "datasets/loader.h"

namespace transfer {

/// SHA-256 of the content of each image, under which its features are kept; "" for one that cannot
/// be read, which is added to `broken`. Throws Interrupted.
std::vector<std::string> contents_of(const std::vector<Sample>& samples,
                                     std::vector<BrokenImage>& broken);

}  // namespace transfer
