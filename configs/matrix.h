#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "configs/batch_keys.h"
#include "configs/config.h"
#include "configs/halving.h"

namespace transfer {

/// Jobs that a batch may have.
inline constexpr std::int64_t kMostJobs = 10'000;

/// One axis of a matrix: a key and the values it takes.
struct MatrixAxis {
  std::string key;
  /// As YAML text such as `[1, 2]`; empty for a range.
  std::vector<std::string> values = {};
  /// A range from which a random search draws.
  double low = 0;
  double high = 0;
  RangeScale scale = RangeScale::kLinear;
  /// Whether only whole numbers are drawn.
  bool is_whole = false;
  /// Whether its values repeat a run rather than change it: seeds and folds.
  bool repeats = false;
  std::string where;
};

/// The matrix of a job.
struct Matrix {
  std::string where;
  std::vector<MatrixAxis> axes;
  /// Settings that all its jobs share, such as `data.folds`.
  std::vector<PlacedSetting> settings;
};

/// How combinations of a matrix are chosen.
struct Search {
  SearchMethod method = SearchMethod::kGrid;
  /// Combinations to draw at random.
  std::int64_t trials = 0;
  std::uint64_t seed = 0;
  /// Empty lets every combination train to its end.
  std::optional<Halving> halving = {};
};

/// One value of each axis, as (key, YAML text).
using Combination = std::vector<std::pair<std::string, std::string>>;

/// A value as YAML text that reads back to itself.
std::string value_text(const YAML::Node& value);

/// Reads `matrix`. Throws ConfigError naming the line: an axis must be a list, or a range where
/// `allows_ranges`.
Matrix read_matrix(const YAML::Node& node, const std::string& file, bool allows_ranges);

/// Reads `search`. Throws ConfigError naming the line.
Search read_search(const YAML::Node& node, const std::string& file);

/// The combinations of values, the first axis changing slowest. A random search draws each at most
/// once, and takes all where there are no more than `trials`; each comes with every seed and fold.
/// Throws ConfigError for more than kMostJobs, before any is made, and Interrupted.
std::vector<Combination> combinations(const Matrix& matrix, const Search& search);

}  // namespace transfer
