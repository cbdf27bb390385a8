#include "datasets/sampling.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "core/random.h"

namespace transfer {
namespace {

/// Gives sampling random numbers of its own among those that use (seed, epoch).
constexpr std::uint64_t kSampling = 0x0DE5;

/// Adds `places` positions to `order`: all samples as often as they fit, then a random part.
void draw_from(std::vector<std::int64_t> samples, std::int64_t places, Random& random,
               std::vector<std::int64_t>& order) {
  while (places > 0) {
    random.shuffle(samples);
    const auto taken = std::min(places, static_cast<std::int64_t>(samples.size()));
    order.insert(order.end(), samples.begin(), samples.begin() + taken);
    places -= taken;
  }
}

std::vector<std::int64_t> balanced_order(const std::vector<std::int64_t>& labels, Random& random) {
  std::map<std::int64_t, std::vector<std::int64_t>> by_label;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    by_label[labels[i]].push_back(static_cast<std::int64_t>(i));
  }
  std::vector<std::int64_t> classes;
  classes.reserve(by_label.size());
  for (const auto& [label, samples] : by_label) classes.push_back(label);
  // The first classes get the places that are left over.
  random.shuffle(classes);
  std::vector<std::int64_t> order;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const bool one_more = c < labels.size() % classes.size();
    const std::size_t places = labels.size() / classes.size() + (one_more ? 1 : 0);
    draw_from(by_label[classes[c]], static_cast<std::int64_t>(places), random, order);
  }
  return order;
}

}  // namespace

std::vector<std::int64_t> epoch_order(const std::vector<std::int64_t>& labels, Sampler sampler,
                                      std::uint64_t seed, std::uint64_t epoch) {
  Random random(mix_seed({seed, epoch, kSampling}));
  std::vector<std::int64_t> order;
  switch (sampler) {
    case Sampler::kShuffle:
      order.resize(labels.size());
      std::iota(order.begin(), order.end(), 0);
      break;
    case Sampler::kBalanced: order = balanced_order(labels, random); break;
  }
  random.shuffle(order);
  return order;
}

std::vector<BatchBounds> batch_bounds(std::int64_t count, std::int64_t batch_size) {
  std::vector<BatchBounds> bounds;
  for (std::int64_t first = 0; first < count; first += batch_size) {
    bounds.push_back({first, std::min(batch_size, count - first)});
  }
  if (batch_size > 1 && bounds.size() > 1 && bounds.back().count == 1) {
    bounds.pop_back();
    ++bounds.back().count;
  }
  return bounds;
}

}  // namespace transfer
