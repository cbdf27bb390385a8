#pragma once

#include <string>

#include "app/preparation/preparation.h"

namespace transfer {

/// Says that the centre crop cuts off so much of a typical image that what it shows may be lost:
/// more than half of its area. Empty where it does not, where images are fitted to the network in
/// another way, where the user has asked for the crop (`data.resize`), and where a plan compares
/// the ways itself (`quality`). Decodes some training images. Throws Interrupted.
std::string crop_advice(const Preparation& preparation);

}  // namespace transfer
