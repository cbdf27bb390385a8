#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "app/report/run_overview.h"

namespace transfer {

/// `transfer runs --sort`: the newest, best or longest first, or by name.
enum class RunOrder { kDate, kScore, kTime, kName };
template <>
inline constexpr std::array<std::string_view, 4> kNames<RunOrder> = {"date", "score", "time",
                                                                     "name"};

/// A run with the name that a list gives it.
struct NamedRun {
  std::string name;
  RunOverview run;
};

/// Sorts; equal runs, and those without a score or time, stand at the end by name.
void sort_runs(std::vector<NamedRun>& runs, RunOrder order);

/// A table with a row for each run; times of day are local.
std::string to_text(const std::vector<NamedRun>& runs);

/// What `transfer runs --json` prints: a list.
std::string to_json(const std::vector<NamedRun>& runs);

}  // namespace transfer
