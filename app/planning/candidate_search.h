#pragma once

#include <string>
#include <vector>

#include "app/advice/measured_advice.h"
#include "app/planning/input_candidate.h"
#include "app/preparation/preparation.h"
#include "app/training/loss.h"
#include "app/training/weight_decay_search.h"
#include "core/stopwatch.h"

namespace transfer {

/// What heads on a candidate's frozen features say of training images that were left out of their
/// fits, and what follows from it.
struct TriedCandidate {
  InputCandidate candidate;
  /// The strategy for it, why, and how long every strategy would take.
  Advice advice;
  /// Of the sets of blocks by weight (see weigh()). The same images for all candidates.
  LeftOutAnswers answers;
  /// Their mean loss (see CandidateSearch::loss) and score.
  double loss = 0;
  EstimatedScore score;
  /// Features and weight decays, which a run on the candidate does not compute again.
  StageProbes probes;
  /// Of the pass over the probed images and of the heads.
  double seconds = 0;
};

/// What a search has found.
struct CandidateSearch {
  /// In the order in which they were tried; the first is what the configuration says.
  std::vector<TriedCandidate> tried;
  /// The one with the smallest loss.
  std::size_t best = 0;
  /// What candidates are compared by, without smoothing and class weights.
  Loss loss;
  /// What was not tried, each with the reason, as sentences.
  std::vector<std::string> left_out;

  const TriedCandidate& winner() const { return tried[best]; }
};

/// How a search proceeds.
struct SearchOptions {
  ConfigSources sources;
  OpenChoices open;
  /// Where features are stored, as `cache`.
  CacheConfig cache;
  /// For the whole run, from the start of the program; 0: none.
  double seconds_limit = 0;
  Stopwatch since_start;
};

/// Tries the candidates that `options.open` allows, on the data of `first`, which is what the
/// configuration says: first the ways to fit images to the network, then with the best of them
/// larger inputs and other backbones. Another way, size or backbone than the configuration's must
/// make the left-out images at least three times as likely to be `best`. Where time is limited, a
/// candidate is left out that the rest of the run could not afford. Validation images are not used.
/// Throws Error.
CandidateSearch search_candidates(const Preparation& first, const SearchOptions& options);

/// The data and device of `first` with the backbone and the settings of `config`. Throws Error.
Preparation with_config(const Preparation& first, const Config& config);

/// How long a run on frozen layers of that candidate takes once it has been tried: features of the
/// images that were not probed, the fit, and what a run writes.
double seconds_to_finish(const TriedCandidate& tried, const Dataset& dataset);

/// How many times as likely the images must be by what a user has not asked for: "positive"
/// evidence by Kass and Raftery 1995, "Bayes Factors".
inline constexpr double kPositiveOdds = 3;

/// Whether `images` images are so many times as likely by a mean loss of `loss` as by `other`.
bool is_clearly_better(double loss, double other, std::int64_t images);

}  // namespace transfer
