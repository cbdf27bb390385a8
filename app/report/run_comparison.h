#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/report/compared_run.h"
#include "app/training/paired_tests.h"

namespace transfer {

/// A score of a run with its 95 % interval, where the predictions are there.
struct ComparedScore {
  std::string key;
  double value = 0;
  std::optional<Interval> interval;
};

/// How a run stands to the best one, on the images that both have judged.
struct ComparedWithBest {
  /// Images that both judged, with the same truth.
  std::int64_t images = 0;
  /// Best − this one in the score by which runs are compared.
  PairedDifference difference;
  /// Of runs that predict classes; its p-value is the one that counts.
  std::optional<McNemarTest> mcnemar;
  double p_value = 1;
  /// With Holm's correction for the number of runs that are compared.
  double adjusted_p_value = 1;
};

struct RunInComparison {
  const ComparedRun* run = nullptr;
  std::int64_t images = 0;
  /// That by which runs are compared comes first.
  std::vector<ComparedScore> scores;
  /// Nothing for the best run, and where the two have no image in common.
  std::optional<ComparedWithBest> with_best;
  /// Why there is no test, or what it does not cover; "" where all is well.
  std::string remark;
};

/// Runs that predict the same classes, the best first.
struct RunComparison {
  std::string split;
  std::vector<RunInComparison> runs;
  /// The settings in which they differ: the key, and the value of each run.
  std::vector<std::pair<std::string, std::vector<std::string>>> differences;
};

/// Compares runs, which must outlive the result: one comparison for each list of classes, in the
/// order in which they come. Accuracies are compared by McNemar's test, other scores by a paired
/// bootstrap. Throws Interrupted.
std::vector<RunComparison> compare_runs(const std::vector<ComparedRun>& runs);

/// The command whose page is_page_of() knows by this name.
inline constexpr std::string_view kCompare = "compare";

/// For `--json` and the page: `split`, `score`, `runs` and `differences`.
nlohmann::ordered_json to_json(const RunComparison& comparison);

/// Tables for people: scores with intervals and tests, and the settings that differ.
std::string to_text(const std::vector<RunComparison>& comparisons);

/// Writes the comparisons as one self-contained page. Throws OutputError.
void write_comparison_page(const std::vector<RunComparison>& comparisons,
                           const std::filesystem::path& file);

}  // namespace transfer
