#pragma once

#include <string>
#include <vector>

#include "configs/fields.h"
#include "core/enum_names.h"

namespace transfer {

/// The maps of a batch file that have keys of their own.
enum class BatchMap { kFile, kJob, kMatrix, kRange, kSearch, kHalving };

/// `jobs.search.method`: how combinations of a matrix are chosen.
enum class SearchMethod { kGrid, kRandom };
template <>
inline constexpr std::array<std::string_view, 2> kNames<SearchMethod> = {"grid", "random"};

/// `scale` of a range: drawn evenly, or evenly in the logarithm.
enum class RangeScale { kLinear, kLog };
template <>
inline constexpr std::array<std::string_view, 2> kNames<RangeScale> = {"linear", "log"};

/// One key of a batch file that is not one of the configuration: a row of the table.
struct BatchKey {
  BatchMap map;
  std::string name;
  /// What a value looks like, such as "a list of jobs"; empty where `limits` or `choices` say it.
  std::string value;
  /// Of a whole number; kNoLimits for other keys.
  Limits limits;
  std::vector<std::string> choices;
  /// As YAML, or `none`; empty where a value is required.
  std::string default_value;
  std::string description;
  std::string example;
};

/// All of them.
const std::vector<BatchKey>& list_batch_keys();

/// The keys of one map.
std::vector<std::string> batch_keys(BatchMap map);

/// The row of a key. REQUIRES: there is one.
const BatchKey& batch_key(BatchMap map, const std::string& name);

/// "a whole number from 1 to 1000", without an end where there is none.
std::string whole_number_text(Limits limits);

}  // namespace transfer
