#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/advice/stage_probes.h"
#include "app/training/estimated_score.h"
#include "core/objective.h"
#include "datasets/dataset.h"
#include "models/backbone.h"

namespace transfer {

/// All that a decision rests on, as plain numbers.
struct Evidence {
  /// What the probe of one stage found.
  struct Stage {
    /// Path of the stage; empty: the classifier's input, the output of the penultimate layer.
    std::string stage;
    /// Number of the backbone's stages up to and including this one; 0 if it is not a stage.
    std::int64_t position = 0;
    std::int64_t features = 0;
    /// Cross-validated score (see estimate_score) and its standard error.
    double score = 0;
    double standard_error = 0;
    /// Score minus that of the classifier's input on the same images, and the paired standard error
    /// of this difference.
    double lead = 0;
    double lead_error = 0;
    /// Of one image, from the input up to here.
    std::int64_t multiply_adds = 0;
    /// Of the head, chosen by cross-validation.
    double weight_decay = 0;
    /// To choose it and to fit a head on these features.
    double head_seconds = 0;
  };

  /// What features of several stages at once found (see score_blocks()).
  struct SeveralStages {
    /// The best set of blocks of several stages, and its cross-validated score.
    std::string title;
    double score = 0;
    double standard_error = 0;
    BlockWeights weights = {};
  };
  std::optional<SeveralStages> several = {};

  /// In the network's order, except that a cut given by the user comes last but one; the last is
  /// the classifier's input.
  std::vector<Stage> stages;
  std::int64_t train_images = 0;
  std::int64_t val_images = 0;
  std::int64_t test_images = 0;
  /// Training images that were probed.
  std::int64_t probed_images = 0;
  /// Name and training images of every class; empty unless images have exactly one class.
  std::vector<std::pair<std::string, std::int64_t>> classes;
  /// Which score it is.
  ScoreName score = kAccuracy;
};

/// What the probes say about the data. REQUIRES: the last probe is that of the classifier's input.
Evidence evidence_of(const StageProbes& probes, const Dataset& dataset, const Backbone& backbone,
                     const Objective& objective);

/// The one with the highest score; the earliest of equals. REQUIRES: not empty.
const Evidence::Stage& best_stage(std::span<const Evidence::Stage> stages);

}  // namespace transfer
