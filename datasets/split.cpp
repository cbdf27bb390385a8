#include "datasets/split.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/random.h"

namespace transfer {
namespace {

/// Positions of the samples of each class, in random order.
std::map<std::int64_t, std::vector<std::size_t>> shuffled_by_class(
    const std::vector<Sample>& samples, std::uint64_t seed) {
  std::map<std::int64_t, std::vector<std::size_t>> positions;
  for (std::size_t i = 0; i < samples.size(); ++i) positions[samples[i].label].push_back(i);
  for (auto& [label, members] : positions) {
    Random random(mix_seed({seed, static_cast<std::uint64_t>(label)}));
    random.shuffle(members);
  }
  return positions;
}

/// count_of(the size of a class) images of every class.
template <typename CountOf>
std::vector<Sample> first_of_each(const std::vector<Sample>& samples, std::uint64_t seed,
                                  const CountOf& count_of) {
  std::vector<bool> kept(samples.size(), false);
  for (const auto& [label, members] : shuffled_by_class(samples, seed)) {
    const auto size = static_cast<std::int64_t>(members.size());
    const std::int64_t count = std::min(size, count_of(size));
    for (std::int64_t i = 0; i < count; ++i) kept[members[static_cast<std::size_t>(i)]] = true;
  }
  std::vector<Sample> result;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (kept[i]) result.push_back(samples[i]);
  }
  return result;
}

/// (the rest, what is taken), each in the order of `samples`.
std::pair<std::vector<Sample>, std::vector<Sample>> divided(const std::vector<Sample>& samples,
                                                            const std::vector<bool>& taken) {
  std::pair<std::vector<Sample>, std::vector<Sample>> result;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    (taken[i] ? result.second : result.first).push_back(samples[i]);
  }
  return result;
}

}  // namespace

std::pair<std::vector<Sample>, std::vector<Sample>> stratified_split(
    const std::vector<Sample>& samples, double fraction, std::uint64_t seed) {
  std::vector<bool> taken(samples.size(), false);
  for (const auto& [label, members] : shuffled_by_class(samples, seed)) {
    const auto size = static_cast<std::int64_t>(members.size());
    const std::int64_t wanted = std::llround(fraction * static_cast<double>(size));
    const std::int64_t count = size < 2 ? 0 : std::clamp<std::int64_t>(wanted, 1, size - 1);
    for (std::int64_t i = 0; i < count; ++i) taken[members[static_cast<std::size_t>(i)]] = true;
  }
  return divided(samples, taken);
}

std::pair<std::vector<Sample>, std::vector<Sample>> stratified_fold(
    const std::vector<Sample>& samples, std::int64_t folds, std::int64_t fold, std::uint64_t seed) {
  std::vector<bool> taken(samples.size(), false);
  std::int64_t dealt = 0;  // not reset for each class, so that all folds get the same size
  for (const auto& [label, members] : shuffled_by_class(samples, seed)) {
    for (const std::size_t member : members) taken[member] = dealt++ % folds == fold;
  }
  return divided(samples, taken);
}

std::vector<Sample> limit_per_class(const std::vector<Sample>& samples, std::int64_t count,
                                    std::uint64_t seed) {
  return first_of_each(samples, seed, [count](std::int64_t) { return count; });
}

std::vector<Sample> stratified_sample(const std::vector<Sample>& samples, std::int64_t count,
                                      std::int64_t least, std::uint64_t seed) {
  const auto total = static_cast<std::int64_t>(samples.size());
  if (total <= count) return samples;
  return first_of_each(samples, seed,
                       [&](std::int64_t size) { return std::max(size * count / total, least); });
}

}  // namespace transfer
