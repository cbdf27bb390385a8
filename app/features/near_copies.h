#pragma once

#include <string>
#include <vector>

#include "app/features/feature_store.h"

namespace transfer {

/// Images of `measuring` (validation or test) that are almost the same as a training image:
/// "val/1.jpg = train/7.jpg". An image counts as such where the nearest training image lies at less
/// than a quarter of the distance of the fifth nearest (cosine distance of the features). That
/// finds most images that were saved anew, resized a little, or brightened; it is a reason to look,
/// not a proof. Copies byte for byte (Sample::copy_group) are not listed. Empty where there are too
/// few training images to tell. Looks at a part of very many images, evenly spread.
std::vector<std::string> near_copies(const FeatureSet& train, const FeatureSet& measuring);

}  // namespace transfer
