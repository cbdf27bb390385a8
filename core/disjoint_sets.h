#pragma once

#include <cstddef>
#include <numeric>
#include <vector>

namespace transfer {

/// Disjoint sets of the numbers below `count`, each named by one of its members (union–find with
/// path halving: R. E. Tarjan, J. van Leeuwen, "Worst-case Analysis of Set Union Algorithms",
/// 1984).
class DisjointSets {
 public:
  explicit DisjointSets(std::size_t count) : parents_(count) {
    std::iota(parents_.begin(), parents_.end(), std::size_t{0});
  }

  /// The name of the member's set.
  std::size_t find(std::size_t member) {
    while (parents_[member] != member) {
      parents_[member] = parents_[parents_[member]];
      member = parents_[member];
    }
    return member;
  }

  void join(std::size_t one, std::size_t other) { parents_[find(other)] = find(one); }

 private:
  std::vector<std::size_t> parents_;
};

}  // namespace transfer
