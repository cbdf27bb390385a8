#include "datasets/check/near_duplicates.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

#include "core/cancellation.h"
#include "core/random.h"

namespace transfer {
namespace {

constexpr int kBands = 4;
constexpr int kBandBits = 16;
constexpr std::size_t kBandValues = std::size_t{1} << kBandBits;

std::uint16_t band_of(std::uint64_t hash, int band) {
  return static_cast<std::uint16_t>(hash >> (band * kBandBits));
}

/// The changes of at most two bits of a band.
std::vector<std::uint16_t> small_changes() {
  std::vector<std::uint16_t> changes = {0};
  for (int i = 0; i < kBandBits; ++i) {
    changes.push_back(static_cast<std::uint16_t>(1U << i));
    for (int j = 0; j < i; ++j) changes.push_back(static_cast<std::uint16_t>(1U << i | 1U << j));
  }
  return changes;
}

/// The images by the value of one band of their hashes.
class BandTable {
 public:
  BandTable(const std::vector<ImageScan>& scans, const std::vector<std::size_t>& images, int band)
      : starts_(kBandValues + 1, 0), images_(images.size()) {
    for (const std::size_t i : images) ++starts_[band_of(scans[i].hash, band) + std::size_t{1}];
    std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
    auto next = starts_;
    for (const std::size_t i : images) images_[next[band_of(scans[i].hash, band)]++] = i;
  }

  template <typename Visit>
  void visit(std::uint16_t value, const Visit& visit_image) const {
    for (std::size_t i = starts_[value]; i < starts_[value + std::size_t{1}]; ++i) {
      visit_image(images_[i]);
    }
  }

 private:
  std::vector<std::size_t> starts_;
  std::vector<std::size_t> images_;
};

/// Whether an earlier band than `band` finds the pair too.
bool is_found_before(std::uint64_t difference, int band) {
  for (int earlier = 0; earlier < band; ++earlier) {
    if (std::popcount(band_of(difference, earlier)) <= 2) return true;
  }
  return false;
}

/// Keeps the best pairs of an image.
void keep_best(std::vector<AlikePair>& pairs) {
  constexpr std::size_t kMostPairs = 100;
  if (pairs.size() <= kMostPairs) return;
  std::nth_element(pairs.begin(), pairs.begin() + kMostPairs, pairs.end(),
                   [](const AlikePair& a, const AlikePair& b) {
                     return std::pair(-a.correlation, a.second) <
                            std::pair(-b.correlation, b.second);
                   });
  pairs.resize(kMostPairs);
}

}  // namespace

int differing_bits(const ImageScan& one, const ImageScan& other) {
  return std::popcount(one.hash ^ other.hash);
}

double outline_correlation(const ImageScan& one, const ImageScan& other) {
  return std::inner_product(one.outline.begin(), one.outline.end(), other.outline.begin(), 0.0F);
}

bool shows_something(const ImageScan& scan) {
  constexpr double kLeastContrast = 0.01;
  return scan.is_readable() && scan.contrast >= kLeastContrast;
}

Likeness suitable_likeness(const std::vector<ImageScan>& scans, std::uint64_t seed) {
  constexpr std::array<Likeness, 4> kLevels = {Likeness{10, 0.92}, Likeness{6, 0.97},
                                               Likeness{3, 0.99}, Likeness{0, 0.998}};
  constexpr std::int64_t kDraws = 1'000'000;
  constexpr double kMostAlike = 1;
  if (scans.size() < 2) return kLevels.front();
  Random random(mix_seed({seed, 0xA11CE}));
  std::array<std::int64_t, kLevels.size()> alike{};
  for (std::int64_t draw = 0; draw < kDraws; ++draw) {
    const ImageScan& one = scans[random.below(scans.size())];
    const ImageScan& other = scans[random.below(scans.size())];
    if (&one == &other || !shows_something(one) || !shows_something(other)) continue;
    const int bits = differing_bits(one, other);
    if (bits > kLevels.front().bits) continue;
    const double correlation = outline_correlation(one, other);
    for (std::size_t level = 0; level < kLevels.size(); ++level) {
      const bool is_alike =
          bits <= kLevels[level].bits && correlation >= kLevels[level].correlation;
      alike[level] += is_alike ? 1 : 0;
    }
  }
  const auto images = static_cast<double>(scans.size());
  for (std::size_t level = 0; level + 1 < kLevels.size(); ++level) {
    const double of_an_image = static_cast<double>(alike[level]) / kDraws * images;
    if (of_an_image <= kMostAlike) return kLevels[level];
  }
  return kLevels.back();
}

std::vector<AlikePair> near_duplicates(const std::vector<ImageScan>& scans,
                                       const Likeness& likeness) {
  std::vector<std::size_t> images;
  for (std::size_t i = 0; i < scans.size(); ++i) {
    if (shows_something(scans[i])) images.push_back(i);
  }
  std::vector<BandTable> tables;
  for (int band = 0; band < kBands; ++band) tables.emplace_back(scans, images, band);
  const auto changes = small_changes();
  std::vector<AlikePair> pairs;
  for (const std::size_t i : images) {
    throw_if_stopped();
    std::vector<AlikePair> own;
    for (int band = 0; band < kBands; ++band) {
      const auto consider = [&](std::size_t j) {
        if (j <= i) return;
        const std::uint64_t difference = scans[i].hash ^ scans[j].hash;
        const int bits = std::popcount(difference);
        if (bits > likeness.bits || is_found_before(difference, band)) return;
        const double correlation = outline_correlation(scans[i], scans[j]);
        if (correlation >= likeness.correlation) own.push_back({i, j, bits, correlation});
      };
      for (const std::uint16_t change : changes) {
        tables[static_cast<std::size_t>(band)].visit(
            static_cast<std::uint16_t>(band_of(scans[i].hash, band) ^ change), consider);
      }
    }
    keep_best(own);
    std::sort(own.begin(), own.end(),
              [](const AlikePair& a, const AlikePair& b) { return a.second < b.second; });
    pairs.insert(pairs.end(), own.begin(), own.end());
  }
  return pairs;
}

}  // namespace transfer
