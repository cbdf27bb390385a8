#pragma once

#include <string>

#include "app/serving/serving_options.h"

namespace transfer {

/// The page at GET /: drop an image, see the classes and where the answer comes from. It asks the
/// server that it came from, and nobody else.
std::string serving_page(bool needs_token, const ServingLimits& limits);

}  // namespace transfer
