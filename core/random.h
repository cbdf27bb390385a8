#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace transfer {

/// Mixes several numbers into one seed; every number and their order matter. Augmentation uses
/// `mix_seed({seed, epoch, sample_index})`, so that an image's augmentation depends neither on the
/// worker that made it nor on other images.
std::uint64_t mix_seed(std::initializer_list<std::uint64_t> parts);

/// A small, fast generator with the same numbers on every platform and standard library (beta: up
/// to rounding in the C library's logarithm and cosine): SplitMix64 (Steele, Lea, Flood:
/// "Fast splittable pseudorandom number generators", 2014). Not thread-safe: use one per thread or
/// per sample.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  /// Uniform in [0, 1).
  double uniform();
  /// Uniform in [low, high).
  double uniform(double low, double high);
  /// Uniform integer in [0, count). REQUIRES: count > 0.
  std::uint64_t below(std::uint64_t count);
  /// True with the given probability (0 to 1).
  bool chance(double probability);
  /// Beta(a, b), in [0, 1]. REQUIRES: a > 0, b > 0.
  double beta(double a, double b);

  /// Fisher–Yates shuffle in place.
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[below(i)]);
    }
  }

 private:
  /// Standard normal (Box and Muller 1958).
  double normal();
  /// The logarithm of a gamma variate of scale 1 (Marsaglia and Tsang 2000). REQUIRES: shape > 0.
  double log_gamma_variate(double shape);

  std::uint64_t state_;
};

}  // namespace transfer
