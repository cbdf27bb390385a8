#include "datasets/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "core/random.h"
#include "datasets/group_split.h"

namespace transfer {
namespace {

using ClassMembers = std::map<std::int64_t, std::vector<std::size_t>>;

/// Positions of the samples of each class, in random order.
ClassMembers shuffled_by_class(const std::vector<Sample>& samples, std::uint64_t seed) {
  ClassMembers positions;
  for (std::size_t i = 0; i < samples.size(); ++i) positions[samples[i].label].push_back(i);
  for (auto& [label, members] : positions) {
    Random random(mix_seed({seed, static_cast<std::uint64_t>(label)}));
    random.shuffle(members);
  }
  return positions;
}

/// Finds the copies of a sample.
class CopiesOf {
 public:
  explicit CopiesOf(const std::vector<Sample>& samples) : samples_(samples) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (samples[i].kept_with >= 0) groups_[samples[i].kept_with].push_back(i);
    }
  }

  /// Positions of the sample and of all its copies.
  std::vector<std::size_t> with(std::size_t sample) const {
    const std::int64_t group = samples_[sample].kept_with;
    return group < 0 ? std::vector<std::size_t>{sample} : groups_.at(group);
  }

 private:
  const std::vector<Sample>& samples_;
  std::map<std::int64_t, std::vector<std::size_t>> groups_;
};

/// Takes images out of classes, each with all its copies.
class Taking {
 public:
  Taking(const std::vector<Sample>& samples, const ClassMembers& classes)
      : samples_(samples), copies_(samples), taken_(samples.size(), false) {
    for (const auto& [label, members] : classes) {
      left_[label] = static_cast<std::int64_t>(members.size());
    }
  }

  const std::vector<bool>& taken() const { return taken_; }
  std::int64_t taken_of(std::int64_t label) { return taken_of_[label]; }

  /// How many images of its class go with the sample, itself included.
  std::int64_t copies_in_class(std::size_t sample) const {
    const auto group = copies_.with(sample);
    return std::count_if(group.begin(), group.end(), [&](std::size_t copy) {
      return samples_[copy].label == samples_[sample].label;
    });
  }

  /// Whether it is still there, and every class keeps an image when its copies go.
  bool may_take(std::size_t sample) const {
    if (taken_[sample]) return false;
    std::map<std::int64_t, std::int64_t> going;
    for (const std::size_t copy : copies_.with(sample)) ++going[samples_[copy].label];
    return std::all_of(going.begin(), going.end(),
                       [this](const auto& entry) { return entry.second < left_.at(entry.first); });
  }

  void take(std::size_t sample) {
    for (const std::size_t copy : copies_.with(sample)) {
      taken_[copy] = true;
      --left_[samples_[copy].label];
      ++taken_of_[samples_[copy].label];
    }
  }

 private:
  const std::vector<Sample>& samples_;
  CopiesOf copies_;
  std::vector<bool> taken_;
  std::map<std::int64_t, std::int64_t> left_;
  std::map<std::int64_t, std::int64_t> taken_of_;
};

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
  if (have_groups(samples)) return divided(samples, take_groups(samples, fraction, seed));
  const auto classes = shuffled_by_class(samples, seed);
  Taking taking(samples, classes);
  for (const auto& [label, members] : classes) {
    const auto size = static_cast<std::int64_t>(members.size());
    const std::int64_t wanted = std::llround(fraction * static_cast<double>(size));
    const std::int64_t count = size < 2 ? 0 : std::clamp<std::int64_t>(wanted, 1, size - 1);
    std::optional<std::size_t> smallest;
    std::set<std::int64_t> looked_at;
    for (const std::size_t member : members) {
      const std::int64_t room = count - taking.taken_of(label);
      if (room <= 0) break;
      const std::int64_t group = samples[member].kept_with;
      if ((group >= 0 && !looked_at.insert(group).second) || !taking.may_take(member)) continue;
      const std::int64_t copies = taking.copies_in_class(member);
      if (copies <= room) {
        taking.take(member);
      } else if (!smallest || copies < taking.copies_in_class(*smallest)) {
        smallest = member;
      }
    }
    if (count > 0 && taking.taken_of(label) == 0 && smallest) taking.take(*smallest);
  }
  return divided(samples, taking.taken());
}

std::pair<std::vector<Sample>, std::vector<Sample>> stratified_fold(
    const std::vector<Sample>& samples, std::int64_t folds, std::int64_t fold, std::uint64_t seed) {
  if (have_groups(samples)) {
    const auto dealt = deal_groups(samples, folds, seed);
    std::vector<bool> is_left_out(samples.size(), false);
    for (std::size_t i = 0; i < samples.size(); ++i) is_left_out[i] = dealt[i] == fold;
    return divided(samples, is_left_out);
  }
  const CopiesOf copies(samples);
  std::vector<std::int64_t> fold_of(samples.size(), -1);
  // Not reset for each class, so that all folds get the same size.
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(folds), 0);
  std::size_t next = 0;
  for (const auto& [label, members] : shuffled_by_class(samples, seed)) {
    for (const std::size_t member : members) {
      if (fold_of[member] >= 0) continue;
      const auto group = copies.with(member);
      // Round after round, but past the folds that got several copies at once.
      const std::int64_t fewest = *std::min_element(sizes.begin(), sizes.end());
      while (sizes[next] > fewest) next = (next + 1) % sizes.size();
      for (const std::size_t copy : group) fold_of[copy] = static_cast<std::int64_t>(next);
      sizes[next] += static_cast<std::int64_t>(group.size());
      next = (next + 1) % sizes.size();
    }
  }
  std::vector<bool> taken(samples.size(), false);
  for (std::size_t i = 0; i < samples.size(); ++i) taken[i] = fold_of[i] == fold;
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
