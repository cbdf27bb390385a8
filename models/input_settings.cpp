#include "models/input_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/errors.h"

namespace transfer {
namespace {

/// What an image is resized to in front of a crop, for an input of 1: ImageNet's 256 for 224.
constexpr double kCropMargin = 256.0 / 224.0;

bool is_square(const Preprocessing& p) { return p.height == p.width; }

void set_size(Preprocessing& p, const ImageSize& size) {
  if (!size.is_given() || (size.height == p.height && size.width == p.width)) return;
  p.resize = p.resize * std::min(size.height, size.width) / std::min(p.height, p.width);
  p.height = size.height;
  p.width = size.width;
  const bool crops =
      p.resize_rule == ResizeRule::kShorterSide || p.resize_rule == ResizeRule::kCover;
  if (crops) p.resize_rule = is_square(p) ? ResizeRule::kShorterSide : ResizeRule::kCover;
}

void set_rule(Preprocessing& p, Resize resize) {
  switch (resize) {
    case Resize::kStretch: p.resize_rule = ResizeRule::kStretch; return;
    case Resize::kPad: p.resize_rule = ResizeRule::kPad; return;
    case Resize::kCrop: break;
  }
  if (p.resize_rule == ResizeRule::kShorterSide || p.resize_rule == ResizeRule::kCover) return;
  const std::int64_t side = std::min(p.height, p.width);
  p.resize_rule = is_square(p) ? ResizeRule::kShorterSide : ResizeRule::kCover;
  p.resize = static_cast<std::int64_t>(static_cast<double>(side) * kCropMargin);
}

/// Whether the settings say what the file says. One number stands for all channels.
bool agree(const std::vector<double>& given, const std::vector<float>& own) {
  if (given.size() != 1 && given.size() != own.size()) return false;
  for (std::size_t c = 0; c < own.size(); ++c) {
    if (static_cast<float>(given.size() == 1 ? given.front() : given[c]) != own[c]) return false;
  }
  return true;
}

void refuse_contradiction(const Preprocessing& own, const InputConfig& input,
                          const std::string& file) {
  const auto refuse = [&](const std::string& key, const std::string& found,
                          const std::string& expected) {
    throw ConfigError(fmt::format(
        "{}: found {}, but {} says itself how its images are prepared: {}. Leave the key out; "
        "input.* is for networks whose file carries no transfer.json.",
        input.placed(key), found, file, expected));
  };
  if (input.channels && *input.channels != own.channels) {
    refuse("input.channels", fmt::format("{}", *input.channels),
           fmt::format("{} channels", own.channels));
  }
  if (!input.mean.empty() && !agree(input.mean, own.mean)) {
    refuse("input.mean", fmt::format("[{}]", fmt::join(input.mean, ", ")),
           fmt::format("mean [{}]", fmt::join(own.mean, ", ")));
  }
  if (!input.std.empty() && !agree(input.std, own.std)) {
    refuse("input.std", fmt::format("[{}]", fmt::join(input.std, ", ")),
           fmt::format("std [{}]", fmt::join(own.std, ", ")));
  }
  if (input.scale && *input.scale != own.scale) {
    refuse("input.scale", fmt::format("'{}'", name_of(*input.scale)),
           fmt::format("pixels of {}", name_of(own.scale)));
  }
  if (input.order && *input.order != own.order) {
    refuse("input.order", fmt::format("'{}'", name_of(*input.order)),
           fmt::format("order {}", name_of(own.order)));
  }
}

}  // namespace

InputSettings input_settings(const Config& config) {
  return {config.input, config.data.input_size, config.data.resize};
}

Preprocessing adjust_input(const Preprocessing& own, const InputSettings& settings,
                           const std::string& file) {
  refuse_contradiction(own, settings.input, file);
  Preprocessing p = own;
  set_size(p, settings.size);
  if (settings.resize) set_rule(p, *settings.resize);
  return p;
}

}  // namespace transfer
