#include "core/preprocessing.h"

#include <fmt/format.h>

namespace transfer {

std::string to_key(const Preprocessing& p) {
  const std::string samples =
      p.sample_range ? fmt::format(" samples{},{}", p.sample_range->black, p.sample_range->white)
                     : "";
  return fmt::format("{}x{}x{} rule{} resize{} interpolation{} mean{},{},{} std{},{},{}{}",
                     p.channels, p.height, p.width, static_cast<int>(p.resize_rule), p.resize,
                     static_cast<int>(p.interpolation), p.mean[0], p.mean[1], p.mean[2], p.std[0],
                     p.std[1], p.std[2], samples);
}

}  // namespace transfer
