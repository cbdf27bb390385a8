#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace transfer {

/// The images that a user names: files, all images below folders, and `-` for a list of such paths
/// on standard input, one in each line or, where the list holds zero bytes, one before each of
/// these. Says what is passed over. A path that does not exist
/// becomes an image that cannot be read. Throws DataError where there is nothing, and Interrupted.
std::vector<Sample> named_images(const std::vector<std::string>& paths,
                                 std::int64_t max_image_bytes);

}  // namespace transfer
