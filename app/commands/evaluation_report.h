#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/training/metrics.h"
#include "core/trust.h"
#include "datasets/findings.h"
#include "datasets/loader.h"
#include "datasets/truth.h"
#include "models/classifier.h"

namespace transfer {

/// What `evaluate` has found out, for its report.
struct EvaluationReport {
  /// As the user named them.
  const std::string& model;
  const std::string& data;
  /// `train`, `val`, `test`; "" where the data names no splits.
  const std::string& split;
  const std::vector<Sample>& samples;
  const Truth& truth;
  const torch::Tensor& outputs;
  const Metrics& metrics;
  torch::Device device;
  std::int64_t threads;
  const Findings& findings;
  const std::vector<BrokenImage>& broken;
  /// With which the model was loaded.
  const Trust& trust;
};

/// Makes the folder for a report, and finds out whether files can be written there. Throws
/// OutputError.
void make_report_folder(const std::filesystem::path& folder);

/// Writes the report. Where the model was given as a run directory, it shows how the run trained,
/// too. Throws OutputError and Interrupted.
void write_evaluation_report(const Classifier& model, const EvaluationReport& evaluation,
                             const std::filesystem::path& file);

}  // namespace transfer
