#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/training/estimated_score.h"

namespace transfer {

/// What the cross-validated probe of one stage found.
struct StageEvidence {
  /// Path of the stage; empty: the classifier's input, the output of the penultimate layer.
  std::string stage;
  /// How many of the backbone's stages lie up to and including this one; 0 where it is none.
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
  /// The head's, as cross-validation chose it.
  double weight_decay = 0;
  /// To choose it and to fit a head on these features.
  double head_seconds = 0;
};

/// All that a decision rests on.
struct Evidence {
  /// In the network's order, but for a cut that the user gave, which stands last but one; the last
  /// one is the classifier's input.
  std::vector<StageEvidence> stages;
  std::int64_t train_images = 0;
  std::int64_t val_images = 0;
  std::int64_t test_images = 0;
  /// Training images that were probed.
  std::int64_t probed_images = 0;
  /// Name and training images of every class; empty where images have no one class.
  std::vector<std::pair<std::string, std::int64_t>> classes;
  /// What the scores are.
  ScoreName score = {"accuracy", "accuracy"};
};

/// The box of the four cases, the strategy, and why.
struct Decision {
  bool is_large = false;
  bool is_different = false;
  std::string strategy;
  /// Stage whose output early-features takes; empty for the other strategies.
  std::string cut;
  /// As many first stages can stay frozen in fine-tuning without a loss that the probes could see;
  /// 0 where there are none.
  std::int64_t freeze_stages = 0;
  /// Score of a head on frozen features, which is what the layers' training starts from, and its
  /// standard error.
  double expected_score = 0;
  double standard_error = 0;
  /// Sentences.
  std::vector<std::string> reasons;
};

/// How long one way to train would take on this machine.
struct TimeEstimate {
  std::string strategy;
  /// What differs from the strategy's own preset, such as `train.freeze_stages=5`; may be empty.
  std::string settings;
  double seconds = 0;
};

/// What `advise` has found, and what it took.
struct Advice {
  Evidence evidence;
  Decision decision;
  /// Empty where the pass read all features from the feature store, which shows no speed.
  std::vector<TimeEstimate> estimates;
  /// A command line that does what is advised.
  std::string command;
  /// Every key of the advised configuration and its value as text.
  std::vector<std::pair<std::string, std::string>> settings;
  double seconds_pass = 0;
  double seconds_probes = 0;
  double seconds_total = 0;
};

/// advice.json's text.
std::string to_json(const Advice& advice);

/// What a person reads: the table of stages, the box, why, and the times.
std::string to_text(const Advice& advice);

/// The strategy and the reasons of an advice.json as one line; empty for a text that is none.
std::string advice_in_one_line(const std::string& json);

}  // namespace transfer
