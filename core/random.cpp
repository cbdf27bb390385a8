#include "core/random.h"

#include <cmath>
#include <numbers>

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

double Random::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

// The logarithm, since small shapes give values below the smallest double.
double Random::log_gamma_variate(double shape) {
  // Gamma(a) = Gamma(a + 1) · U^(1/a) brings small shapes to where the method holds.
  if (shape < 1.0) return log_gamma_variate(shape + 1.0) + std::log(1.0 - uniform()) / shape;
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  while (true) {
    const double x = normal();
    const double v = std::pow(1.0 + c * x, 3.0);
    if (v > 0.0 && std::log(1.0 - uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) {
      return std::log(d * v);
    }
  }
}

double Random::beta(double a, double b) {
  // X / (X + Y) of two gamma variates.
  const double log_x = log_gamma_variate(a);
  const double log_y = log_gamma_variate(b);
  return 1.0 / (1.0 + std::exp(log_y - log_x));
}

}  // namespace transfer
