#pragma once

#include <string>

#include "app/preparation/preparation.h"
#include "datasets/image_shapes.h"

namespace transfer {

/// Says that the centre crop cuts off so much of a typical image that what it shows may be lost:
/// more than half of its area. Empty where it does not, where images are fitted to the network in
/// another way, and where the user has asked for the crop (`data.resize`).
std::string crop_advice(const Preparation& preparation, const ImageShapes& shapes);

}  // namespace transfer
