// Which combinations of a matrix become jobs.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>

#include "configs/matrix.h"
#include "core/errors.h"
#include "core/random.h"

namespace transfer {
namespace {

/// A value of the axis, with four significant digits so that it fits into a job's name.
std::string drawn(const MatrixAxis& axis, Random& random) {
  if (axis.low == axis.high) return axis.values[random.below(axis.values.size())];
  double number = axis.scale == RangeScale::kLog
                      ? std::exp(random.uniform(std::log(axis.low), std::log(axis.high)))
                      : random.uniform(axis.low, axis.high);
  if (axis.is_whole) return fmt::format("{}", std::llround(number));
  return fmt::format("{:.4g}", number);
}

/// Combinations of the axes; the largest number there is where they are more.
std::int64_t count_combinations(const std::vector<MatrixAxis>& axes) {
  std::int64_t count = 1;
  for (const MatrixAxis& axis : axes) {
    const auto values = static_cast<std::int64_t>(axis.values.size());
    if (__builtin_mul_overflow(count, values, &count)) {
      return std::numeric_limits<std::int64_t>::max();
    }
  }
  return count;
}

/// All combinations of the axes, the first changing slowest.
std::vector<Combination> product(const std::vector<MatrixAxis>& axes) {
  std::vector<Combination> all = {{}};
  for (const MatrixAxis& axis : axes) {
    std::vector<Combination> longer;
    for (const Combination& combination : all) {
      for (const std::string& value : axis.values) {
        longer.push_back(combination);
        longer.back().emplace_back(axis.key, value);
      }
    }
    all = std::move(longer);
  }
  return all;
}

/// From more combinations of lists a random search draws as from ranges, without listing them.
constexpr std::int64_t kMostListed = 1'000'000;

std::vector<Combination> random_combinations(const std::vector<MatrixAxis>& axes,
                                             const Search& search) {
  const bool has_ranges = std::any_of(axes.begin(), axes.end(),
                                      [](const MatrixAxis& axis) { return axis.values.empty(); });
  Random random(mix_seed({search.seed, 1}));
  if (!has_ranges && count_combinations(axes) <= kMostListed) {
    auto all = product(axes);
    random.shuffle(all);
    all.resize(std::min(all.size(), static_cast<std::size_t>(search.trials)));
    return all;
  }
  constexpr std::int64_t kTriesPerTrial = 100;
  std::vector<Combination> chosen;
  std::set<Combination> seen;
  for (std::int64_t i = 0; i < search.trials * kTriesPerTrial; ++i) {
    if (static_cast<std::int64_t>(chosen.size()) == search.trials) break;
    Combination combination;
    for (const MatrixAxis& axis : axes) combination.emplace_back(axis.key, drawn(axis, random));
    if (seen.insert(combination).second) chosen.push_back(std::move(combination));
  }
  return chosen;
}

/// Throws ConfigError for more jobs than a batch may have.
void require_few(std::int64_t count, const Matrix& matrix, std::string_view remedy) {
  if (count <= kMostJobs) return;
  throw ConfigError(fmt::format(
      "{}: matrix: makes {} jobs, and a batch may have {}. Give fewer values, {}, or split the "
      "file into several batches.",
      matrix.where,
      count == std::numeric_limits<std::int64_t>::max() ? "far too many" : fmt::format("{}", count),
      kMostJobs, remedy));
}

}  // namespace

std::vector<Combination> combinations(const Matrix& matrix, const Search& search) {
  if (search.method == SearchMethod::kGrid) {
    require_few(count_combinations(matrix.axes), matrix,
                "take search: {method: random, trials: N}");
    return product(matrix.axes);
  }
  std::vector<MatrixAxis> searched;
  std::vector<MatrixAxis> repeated;
  for (const MatrixAxis& axis : matrix.axes) (axis.repeats ? repeated : searched).push_back(axis);
  std::int64_t count = 0;
  if (__builtin_mul_overflow(search.trials, count_combinations(repeated), &count)) {
    count = std::numeric_limits<std::int64_t>::max();
  }
  require_few(count, matrix, "fewer search.trials");
  std::vector<Combination> all;
  for (const Combination& trial : random_combinations(searched, search)) {
    for (const Combination& repetition : product(repeated)) {
      all.push_back(trial);
      all.back().insert(all.back().end(), repetition.begin(), repetition.end());
    }
  }
  return all;
}

}  // namespace transfer
