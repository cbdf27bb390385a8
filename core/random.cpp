#include "core/random.h"

namespace transfer {
namespace {

constexpr std::uint64_t kGoldenGamma = 0x9E3779B97F4A7C15ULL;

std::uint64_t finalize(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace

std::uint64_t mix_seed(std::initializer_list<std::uint64_t> parts) {
  std::uint64_t state = 0;
  for (const std::uint64_t part : parts) {
    state = finalize(state + kGoldenGamma + finalize(part + kGoldenGamma));
  }
  return state;
}

std::uint64_t Random::next() {
  state_ += kGoldenGamma;
  return finalize(state_);
}

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

double Random::uniform(double low, double high) { return low + (high - low) * uniform(); }

std::uint64_t Random::below(std::uint64_t count) {
  // Rejection keeps every value equally likely.
  const std::uint64_t limit = count * (UINT64_MAX / count);
  std::uint64_t value = next();
  while (value >= limit) value = next();
  return value % count;
}

bool Random::chance(double probability) { return uniform() < probability; }

}  // namespace transfer
