#pragma once

namespace transfer::batch_file {

// What lies beside the run directories of a batch. Its summary.json has the name that a run's has
// (core/run_files.h).

/// The folder of the files that belong to no single run.
inline constexpr const char* kOwnFolder = "batch";
/// Features that runs share; also beside run directories that no batch made.
inline constexpr const char* kFeatureStore = "feature-store";
/// The results of all jobs as a table.
inline constexpr const char* kSummaryTable = "summary.csv";

/// The comparison of its runs as a page.
inline constexpr const char* kComparison = "compare.html";

}  // namespace transfer::batch_file
