#include "core/preprocessing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace transfer {

std::string to_key(const Preprocessing& p) {
  std::string key =
      fmt::format("{}x{}x{} rule{} resize{} interpolation{} mean{} std{}", p.channels, p.height,
                  p.width, static_cast<int>(p.resize_rule), p.resize,
                  static_cast<int>(p.interpolation), fmt::join(p.mean, ","), fmt::join(p.std, ","));
  // Left out where they are the usual ones, so that features stored before there were others count.
  if (p.order != ChannelOrder::kRgb) key += fmt::format(" {}", name_of(p.order));
  if (p.scale != PixelScale::kOne) key += fmt::format(" pixels{}", name_of(p.scale));
  if (p.sample_range) {
    key += fmt::format(" samples{},{}", p.sample_range->black, p.sample_range->white);
  }
  return key;
}

}  // namespace transfer
