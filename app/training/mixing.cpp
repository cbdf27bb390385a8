#include "app/training/mixing.h"

#include <algorithm>
#include <cmath>

#include "app/compute/device_copies.h"
#include "app/training/loss.h"
#include "core/random.h"

namespace transfer {
namespace {

/// Makes these random numbers differ from those of the augmentation, whose seeds are similar.
constexpr std::uint64_t kMixing = 0x313D;

std::vector<std::int64_t> draw_partners(const torch::Tensor& labels, Random& random) {
  const auto label = labels.accessor<std::int64_t, 1>();
  std::vector<std::int64_t> partners;
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < label.size(0); ++i) {
    partners.push_back(i);
    if (label[i] >= 0) rows.push_back(i);
  }
  std::vector<std::int64_t> shuffled = rows;
  random.shuffle(shuffled);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    partners[static_cast<std::size_t>(rows[i])] = shuffled[i];
  }
  return partners;
}

/// Draws the rectangle, clipped to the image, and adjusts the share.
void draw_rectangle(MixPlan& plan, std::int64_t height, std::int64_t width, Random& random) {
  const double side = std::sqrt(1.0 - plan.share);
  const auto cut = [&random, side](std::int64_t length, std::int64_t& first, std::int64_t& count) {
    const auto wanted = static_cast<std::int64_t>(static_cast<double>(length) * side);
    const auto centre = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(length)));
    first = std::max<std::int64_t>(centre - wanted / 2, 0);
    count = std::min(centre + wanted / 2, length) - first;
  };
  cut(height, plan.top, plan.height);
  cut(width, plan.left, plan.width);
  plan.share =
      1.0 - static_cast<double>(plan.height * plan.width) / static_cast<double>(height * width);
}

torch::Tensor mixed_targets(const Truth& truth, std::int64_t classes, const MixPlan& plan) {
  auto own = truth.targets.defined() ? truth.targets : class_targets(truth.labels, classes);
  if (plan.share == 1.0) return own;
  const auto partners = torch::tensor(plan.partners, torch::kInt64);
  return at::add(own * plan.share, own.index_select(0, partners), 1.0 - plan.share);
}

/// The rows of a channels-last batch, channels-last again.
torch::Tensor select_rows(const torch::Tensor& images, const torch::Tensor& rows) {
  return images.permute({0, 2, 3, 1}).index_select(0, rows).permute({0, 3, 1, 2});
}

}  // namespace

MixPlan draw_mix(const torch::Tensor& labels, std::int64_t height, std::int64_t width,
                 const AugmentConfig& config, std::uint64_t seed) {
  Random random(mix_seed({seed, kMixing}));
  MixPlan plan;
  plan.partners = draw_partners(labels, random);
  const bool cuts = config.cutmix > 0 && (config.mixup <= 0 || random.chance(0.5));
  const double alpha = cuts ? config.cutmix : config.mixup;
  if (alpha <= 0) return plan;
  plan.share = random.beta(alpha, alpha);
  if (cuts) draw_rectangle(plan, height, width, random);
  return plan;
}

MixPlan scaled_plan(const MixPlan& plan, double vertically, double horizontally) {
  MixPlan scaled = plan;
  if (plan.height == 0) return scaled;
  const auto scale = [](double factor, std::int64_t& first, std::int64_t& count) {
    const auto end = std::llround(static_cast<double>(first + count) * factor);
    first = std::llround(static_cast<double>(first) * factor);
    count = end - first;
  };
  scale(vertically, scaled.top, scaled.height);
  scale(horizontally, scaled.left, scaled.width);
  if (scaled.height == 0 || scaled.width == 0) scaled.share = 1.0;
  return scaled;
}

torch::Tensor mix_images(const torch::Tensor& images, const MixPlan& plan) {
  const at::NoGradGuard no_gradients;
  if (plan.share == 1.0) return images;
  const auto partners = to_device(torch::tensor(plan.partners, torch::kInt64), images.device());
  if (plan.height == 0) {
    return at::add(images * plan.share, select_rows(images, partners), 1.0 - plan.share);
  }
  const auto rectangle = [&plan](const torch::Tensor& whole) {
    return whole.narrow(2, plan.top, plan.height).narrow(3, plan.left, plan.width);
  };
  const auto mixed = images.clone();
  rectangle(mixed).copy_(rectangle(images).index_select(0, partners));
  return mixed;
}

MixedBatch mix_batch(const torch::Tensor& images, const Truth& truth, std::int64_t classes,
                     const MixPlan& plan) {
  const at::NoGradGuard no_gradients;
  return {mix_images(images, plan), {truth.labels, mixed_targets(truth, classes, plan)}};
}

}  // namespace transfer
