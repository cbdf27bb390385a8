#include "datasets/group_split.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <unordered_map>

#include "core/random.h"

namespace transfer {
namespace {

using ClassCounts = std::map<std::int64_t, double>;

/// Samples that no division may separate.
struct Part {
  std::vector<std::size_t> members;
  ClassCounts counts;
};

/// The parts in random order.
std::vector<Part> shuffled_parts(const std::vector<Sample>& samples, std::uint64_t seed) {
  std::vector<Part> parts;
  std::unordered_map<std::int64_t, std::size_t> part_of_number;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::int64_t number = samples[i].kept_with;
    const bool is_new = number < 0 || part_of_number.emplace(number, parts.size()).second;
    if (is_new) parts.emplace_back();
    Part& part = number < 0 ? parts.back() : parts[part_of_number.at(number)];
    part.members.push_back(i);
    ++part.counts[samples[i].label];
  }
  Random random(seed);
  random.shuffle(parts);
  return parts;
}

ClassCounts count_classes(const std::vector<Sample>& samples) {
  ClassCounts counts;
  for (const Sample& sample : samples) ++counts[sample.label];
  return counts;
}

/// Takes parts out of the samples until every class has its share.
class GroupTaking {
 public:
  GroupTaking(const std::vector<Sample>& samples, double fraction)
      : sizes_(count_classes(samples)), fraction_(fraction), is_taken_(samples.size(), false) {}

  const std::vector<bool>& is_taken() const { return is_taken_; }
  bool has_taken(std::int64_t label) { return taken_[label] > 0; }

  /// Whether it is still there, and every class keeps an image when it goes.
  bool may_take(const Part& part) {
    return !is_taken_[part.members.front()] &&
           std::all_of(part.counts.begin(), part.counts.end(), [this](const auto& entry) {
             return taken_[entry.first] + entry.second < sizes_.at(entry.first);
           });
  }

  /// Whether no class gets more than its share.
  bool fits(const Part& part) {
    return std::all_of(part.counts.begin(), part.counts.end(), [this](const auto& entry) {
      return taken_[entry.first] + entry.second <= std::ceil(fraction_ * sizes_.at(entry.first));
    });
  }

  /// Whether the classes come nearer to their shares.
  bool helps(const Part& part) {
    double change = 0;
    for (const auto& [label, count] : part.counts) {
      const double size = sizes_.at(label);
      const double missing = fraction_ - taken_[label] / size;
      change += std::pow(missing - count / size, 2) - missing * missing;
    }
    return change < 0;
  }

  void take(const Part& part) {
    for (const std::size_t member : part.members) is_taken_[member] = true;
    for (const auto& [label, count] : part.counts) taken_[label] += count;
  }

 private:
  ClassCounts sizes_;
  double fraction_;
  ClassCounts taken_;
  std::vector<bool> is_taken_;
};

}  // namespace

bool have_groups(const std::vector<Sample>& samples) {
  return std::any_of(samples.begin(), samples.end(), [](const Sample& sample) {
    return sample.kept_with >= 0 && sample.copy_group < 0;
  });
}

std::int64_t count_parts(const std::vector<Sample>& samples) {
  return static_cast<std::int64_t>(shuffled_parts(samples, 0).size());
}

std::vector<bool> take_groups(const std::vector<Sample>& samples, double fraction,
                              std::uint64_t seed) {
  const std::vector<Part> parts = shuffled_parts(samples, seed);
  GroupTaking taking(samples, fraction);
  for (const Part& part : parts) {
    if (taking.may_take(part) && taking.fits(part)) taking.take(part);
  }
  for (const Part& part : parts) {
    if (taking.may_take(part) && taking.helps(part)) taking.take(part);
  }
  for (const auto& [label, size] : count_classes(samples)) {
    if (taking.has_taken(label)) continue;
    const Part* smallest = nullptr;
    for (const Part& part : parts) {
      if (!part.counts.contains(label) || !taking.may_take(part)) continue;
      if (smallest == nullptr || part.members.size() < smallest->members.size()) smallest = &part;
    }
    if (smallest != nullptr) taking.take(*smallest);
  }
  return taking.is_taken();
}

std::vector<std::int64_t> deal_groups(const std::vector<Sample>& samples, std::int64_t folds,
                                      std::uint64_t seed) {
  std::vector<Part> parts = shuffled_parts(samples, seed);
  std::stable_sort(parts.begin(), parts.end(), [](const Part& one, const Part& other) {
    return one.members.size() > other.members.size();
  });
  const ClassCounts sizes = count_classes(samples);
  std::vector<ClassCounts> dealt(static_cast<std::size_t>(folds));
  std::vector<std::size_t> totals(dealt.size(), 0);
  std::vector<std::int64_t> fold_of(samples.size(), 0);
  for (const Part& part : parts) {
    std::size_t best = 0;
    std::pair<double, std::size_t> lowest(std::numeric_limits<double>::infinity(), 0);
    for (std::size_t fold = 0; fold < dealt.size(); ++fold) {
      double crowding = 0;
      for (const auto& [label, count] : part.counts) {
        crowding += dealt[fold][label] * count / (sizes.at(label) * sizes.at(label));
      }
      const std::pair cost(crowding, totals[fold]);
      if (cost >= lowest) continue;
      lowest = cost;
      best = fold;
    }
    for (const auto& [label, count] : part.counts) dealt[best][label] += count;
    totals[best] += part.members.size();
    for (const std::size_t member : part.members) fold_of[member] = static_cast<std::int64_t>(best);
  }
  return fold_of;
}

}  // namespace transfer
