#pragma once

namespace transfer::run_file {

// The files of a run directory.

inline constexpr const char* kConfig = "config.yaml";
inline constexpr const char* kMetrics = "metrics.jsonl";
/// The same as a table.
inline constexpr const char* kResults = "results.csv";
inline constexpr const char* kSummary = "summary.json";
/// The model of the best epoch so far, complete from the first epoch on.
inline constexpr const char* kModel = "model.pt";
/// That of the last epoch, where layers of the network trained.
inline constexpr const char* kLastModel = "model-last.pt";
inline constexpr const char* kPredictions = "predictions_val.csv";
/// Where there are test images.
inline constexpr const char* kTestPredictions = "predictions_test.csv";
/// Everything above for people, as one page.
inline constexpr const char* kReport = "report.html";
// Pictures.
inline constexpr const char* kCurves = "curves.png";
/// Where images have one class each.
inline constexpr const char* kConfusionMatrix = "confusion_matrix.png";
inline constexpr const char* kWorstMistakes = "worst_mistakes.png";
inline constexpr const char* kValBatch = "val_batch.png";
/// Where the strategy was chosen by measuring.
inline constexpr const char* kAdvice = "advice.json";
/// Classes, images and versions that a run of trained layers began with.
inline constexpr const char* kData = "data.json";
/// The folder of a run that joins several models: each is a run directory in it.
inline constexpr const char* kMembers = "members";
/// The folder of the features of a plan's candidates, while it is carried out.
inline constexpr const char* kPlanFeatures = "plan-features";
/// Locked while a process writes. A file, since over NFS a folder cannot be locked for all
/// machines.
inline constexpr const char* kLock = ".lock";
/// Until the run is finished.
inline constexpr const char* kCheckpoint = "checkpoint.pt";
inline constexpr const char* kBestWeights = "checkpoint-best.pt";

/// Why the run failed, where it can be resumed nevertheless.
inline constexpr const char* kError = "error.txt";

}  // namespace transfer::run_file
