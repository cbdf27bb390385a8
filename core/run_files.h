#pragma once

namespace transfer::run_file {

// The files of a run directory.

inline constexpr const char* kConfig = "config.yaml";
inline constexpr const char* kMetrics = "metrics.jsonl";
inline constexpr const char* kSummary = "summary.json";
/// The model of the best epoch so far, complete from the first epoch on.
inline constexpr const char* kModel = "model.pt";
/// That of the last epoch, where layers of the network trained.
inline constexpr const char* kLastModel = "model-last.pt";
inline constexpr const char* kPredictions = "predictions_val.csv";
/// Where the strategy was chosen by measuring.
inline constexpr const char* kAdvice = "advice.json";
/// Classes, images and versions that a run of trained layers began with.
inline constexpr const char* kData = "data.json";
/// Until the run is finished.
inline constexpr const char* kCheckpoint = "checkpoint.pt";
inline constexpr const char* kBestWeights = "checkpoint-best.pt";

}  // namespace transfer::run_file
