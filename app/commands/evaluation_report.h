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
  /// Views of an image that its prediction is the mean of.
  std::int64_t views;
};

/// Finds out whether a report can be written into the folder, which need not exist yet. Throws
/// OutputError, also for a run directory and for a report.html that evaluate has not written:
/// nothing but an earlier evaluation is replaced.
void require_report_folder(const std::filesystem::path& folder);

/// Writes the folder's report.html. Where the model was given as a run directory, it shows how the
/// run trained, too. Throws OutputError and Interrupted.
void write_evaluation_report(const Classifier& model, const EvaluationReport& evaluation,
                             const std::filesystem::path& folder);

}  // namespace transfer
