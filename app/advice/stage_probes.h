#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/preparation/preparation.h"
#include "app/report/summary.h"
#include "app/training/estimated_score.h"

namespace transfer {

/// Unaugmented pooled features of training images at several cuts, all from one pass.
struct StageFeatures {
  /// Paths of stages, or empty: the classifier's input.
  std::vector<std::string> cuts;
  std::vector<std::int64_t> widths;
  /// Of one image, from the input up to each cut.
  std::vector<std::int64_t> multiply_adds;
  /// The features of all cuts side by side.
  FeatureSet images;
  /// Wall time of the pass, and the trunk's share of it, summed over the streams.
  double seconds = 0;
  double forward_seconds = 0;

  /// The features of one cut; nothing when it is not among `cuts`.
  std::optional<FeatureSet> at(const std::string& cut) const;
};

/// How a linear head did on one cut.
struct ProbedStage {
  std::string cut;
  std::int64_t features = 0;
  double weight_decay = 0;
  EstimatedScore score;
  /// Time of the cross-validation, in one thread.
  double seconds = 0;
};

/// What is known of stages, for the runs that come after the probing.
struct StageProbing {
  StageFeatures features;
  std::vector<ProbedStage> stages;
  /// Wall time of the probes.
  double seconds = 0;

  /// The probe of that cut; nullptr when there is none.
  const ProbedStage* find(const std::string& cut) const;
};

/// The stages that may be probed. Throws ModelError when the backbone has none.
std::vector<std::string> early_stages(const Backbone& backbone);

/// Scores a linear head on every cut by 5-fold cross-validation on at most about 2,000 training
/// images, every class in proportion. One pass over the images serves all cuts. Throws
/// ModelError where the backbone cannot be cut, and DataError where a class has fewer than two
/// images. In a group of processes all compute features and the first alone scores: the others
/// get no stages.
StageProbing probe_stages(const Preparation& preparation, std::vector<std::string> cuts,
                          const std::filesystem::path& feature_store);

/// The one of highest score; the earliest of equals. REQUIRES: not empty.
const ProbedStage& best_probe(const std::vector<ProbedStage>& probes);

/// For the summary.
std::vector<StageProbe> in_summary(const std::vector<ProbedStage>& probes);

}  // namespace transfer
