#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/features/feature_store.h"
#include "app/preparation/preparation.h"
#include "app/training/block_choice.h"
#include "app/training/estimated_score.h"
#include "app/training/head_problem.h"
#include "models/backbone.h"

// The words of this room: a *probe* is a cross-validated linear head on the features of one stage.
// What the probes of all stages say is the *evidence* (evidence.h), on which the *decision* for a
// strategy rests (decision.h). *Advice* (advice.h) is both, with times and a command to run.

namespace transfer {

/// Unaugmented pooled features of training images at several stages, all from one pass.
struct ProbedFeatures {
  std::vector<FeatureBlock> blocks;
  /// Of each block.
  std::vector<std::int64_t> widths;
  /// Of one image, from the input up to each block.
  std::vector<std::int64_t> multiply_adds;
  /// The features of all blocks side by side.
  FeatureSet images;
  /// Wall time of the pass, and the trunk's share of it, summed over the streams.
  double seconds = 0;
  double forward_seconds = 0;

  /// The features of these blocks side by side; nothing when one is not among `blocks`.
  std::optional<FeatureSet> of(const std::vector<FeatureBlock>& wanted) const;
};

/// Result of a linear head on one stage's features.
struct StageProbe {
  /// Empty: the classifier's input.
  std::string stage;
  std::int64_t features = 0;
  /// What cross-validation chose.
  double weight_decay = 0;
  EstimatedScore score;
  /// Time of the cross-validation, in one thread.
  double seconds = 0;
  /// Of one image, from the input up to the stage.
  std::int64_t multiply_adds = 0;
};

/// The probes of several stages and their features, which later runs do not compute again.
struct StageProbes {
  ProbedFeatures features;
  std::vector<StageProbe> stages;
  /// Where the pass gave blocks of all stages: the sets of them that score_blocks() compares, with
  /// weights.
  std::vector<ScoredBlocks> block_sets = {};
  /// Wall time of the probes.
  double seconds = 0;

  /// The probe of that stage, or nullptr.
  const StageProbe* find(const std::string& stage) const;
};

/// The largest weight of a set of several blocks, of an early stage alone, and of the classifier's
/// input alone (see weigh()).
struct BlockWeights {
  double several = 0;
  double early = 0;
  double last = 0;
};
BlockWeights weights_by_kind(const std::vector<ScoredBlocks>& sets,
                             const std::vector<FeatureBlock>& blocks);

/// The stages that can be probed. Throws ModelError if the backbone has fewer than two.
std::vector<std::string> early_stages(const Backbone& backbone);

/// Whether a run probes stages: to choose the strategy or where to cut.
bool probes_stages(const Config& config);

/// Throws where probe_stages() would, before any image is read: ModelError for a backbone of fewer
/// than two stages, DataError for a class of fewer than two training images.
void require_probing(const Config& config, const Backbone& backbone, const Dataset& dataset);

/// Scores a linear head on every stage by 5-fold cross-validation on at most about 2,000 training
/// images, every class in proportion. One pass over the images serves all stages. Throws
/// ModelError where the backbone cannot be cut, and DataError where a class has fewer than two
/// images. In a group of processes all compute features and rank 0 alone scores: the others
/// get no probes.
StageProbes probe_stages(const Preparation& preparation, const std::vector<std::string>& stages,
                         const std::filesystem::path& feature_store);

/// The same from blocks of features: their means are probed, the last of them that of the
/// classifier's input, and sets of the blocks are compared.
StageProbes probe_blocks(const Preparation& preparation, const std::vector<FeatureBlock>& blocks,
                         const std::filesystem::path& feature_store);

/// The one with the highest score; the earliest of equals. REQUIRES: not empty.
const StageProbe& best_probe(const std::vector<StageProbe>& probes);

/// The weight decay for that problem by cross-validation, or, where `known` has cross-validated the
/// same loss on the same images at `stage`, what that has found.
double chosen_weight_decay(const HeadProblem& problem, const StageProbes& known,
                           const std::string& stage);

}  // namespace transfer
