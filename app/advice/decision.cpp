#include "app/advice/decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace transfer {
namespace {

/// Training images that fine-tune and retrain need. Of bench/auto_vs_four_strategies.py's five
/// data sets of 300 images, fine-tune gained two points on flowers and lost nothing on the others
/// but by chance, while retrain was far behind on three.
constexpr std::int64_t kEnoughToFineTune = 200;
constexpr std::int64_t kEnoughToRetrain = 1000;
/// How many paired standard errors an earlier stage must lead by. More would favour the
/// classifier's input where it is probably worse; fewer would call every second data set unlike the
/// pretraining's by chance.
constexpr double kLeadErrors = 1.0;

std::string points(double part) { return fmt::format("{:.1f}", 100 * part); }

/// The best of the stages before the classifier's input.
const Evidence::Stage& best_early_stage(const Evidence& evidence) {
  return best_stage(std::span(evidence.stages).first(evidence.stages.size() - 1));
}

/// Number of first stages up to the first one within one standard error of the best.
std::int64_t stages_that_suffice(const Evidence& evidence) {
  const auto& stages = evidence.stages;
  const Evidence::Stage& best = best_stage(stages);
  const auto first = std::find_if(stages.begin(), stages.end(), [&](const Evidence::Stage& stage) {
    return stage.score >= best.score - best.standard_error;
  });
  return first->position;
}

std::string likeness_reason(const Evidence::Stage& early, bool is_different,
                            const ScoreName& score) {
  const std::string lead = score.distance_text(std::abs(early.lead), early.lead_error);
  if (is_different) {
    return fmt::format(
        "Stage {} does better than the last layer's features, by {} of cross-validated {}: "
        "the late layers have specialised in other images, so the data is unlike the "
        "pretraining's.",
        early.stage, lead, score.title);
  }
  return fmt::format(
      "No earlier stage does better than the last layer's features by more than the standard error "
      "(the best, {}, is {} {} in cross-validated {}), so the data is like the pretraining's.",
      early.stage, lead, early.lead > 0 ? "ahead" : "behind", score.title);
}

std::string size_reason(const Evidence& evidence, bool is_large, std::int64_t enough,
                        double left_to_gain) {
  if (!is_large) {
    return fmt::format(
        "{} training images are too few (below {}) to improve the pretrained layers, so they stay "
        "frozen and a head is fitted to their features.",
        evidence.train_images, enough);
  }
  if (left_to_gain <= kWorthwhileGain) {
    return fmt::format(
        "{} training images would be enough to train the layers (at least {}), but frozen "
        "features leave only {} points to gain (training pays above {}), so they stay frozen.",
        evidence.train_images, enough, points(left_to_gain), points(kWorthwhileGain));
  }
  return fmt::format(
      "{} training images are enough to train the layers (at least {}), and frozen features "
      "leave {} points to gain.",
      evidence.train_images, enough, points(left_to_gain));
}

/// How many times as likely the images must be by several stages as by one.
constexpr double kPositiveEvidence = 3;

bool several_stages_win(const Evidence& evidence) {
  if (!evidence.several) return false;
  const BlockWeights& weights = evidence.several->weights;
  return weights.several >= kPositiveEvidence * std::max(weights.early, weights.last);
}

std::string several_reason(const Evidence& evidence) {
  const Evidence::SeveralStages& several = *evidence.several;
  return fmt::format(
      "Features of several stages together predict images that they were not fitted to clearly "
      "better "
      "than those of one stage do ({}: {} {}), so the head takes several.",
      several.title, evidence.score.title,
      evidence.score.text(several.score, several.standard_error));
}

const Evidence::Stage& find_stage(const Evidence& evidence, const std::string& name) {
  return *std::find_if(evidence.stages.begin(), evidence.stages.end(),
                       [&](const Evidence::Stage& stage) { return stage.stage == name; });
}

}  // namespace

StrategyKind strategy_of_case(bool is_large, bool is_different) {
  if (is_large) return is_different ? StrategyKind::kRetrain : StrategyKind::kFineTune;
  return is_different ? StrategyKind::kEarlyFeatures : StrategyKind::kFreezeConv;
}

Decision decide(const Evidence& evidence, const GivenChoices& given) {
  const Evidence::Stage& early = best_early_stage(evidence);
  const Evidence::Stage& last = evidence.stages.back();
  Decision decision;
  decision.is_different = early.lead > kLeadErrors * early.lead_error;
  const std::int64_t enough = decision.is_different ? kEnoughToRetrain : kEnoughToFineTune;
  decision.is_large = evidence.train_images >= enough;
  decision.freeze_stages = stages_that_suffice(evidence);
  double best_score = std::max(early.score, last.score);
  if (evidence.several) best_score = std::max(best_score, evidence.several->score);
  const double left_to_gain = 1.0 - best_score;
  decision.reasons.push_back(likeness_reason(early, decision.is_different, evidence.score));
  decision.reasons.push_back(size_reason(evidence, decision.is_large, enough, left_to_gain));
  const Evidence::Stage* source = decision.is_different ? &early : &last;
  if (!given.cut.empty()) {
    source = &find_stage(evidence, given.cut);
    decision.strategy = StrategyKind::kEarlyFeatures;
    decision.reasons.emplace_back(
        "The cut is given, and early-features is the strategy that cuts.");
  } else if (given.from_scratch) {
    decision.strategy = StrategyKind::kRetrain;
    decision.reasons.emplace_back(
        "train.from_scratch is given, and retrain is the strategy that learns all weights from "
        "scratch.");
  } else {
    const bool pays = decision.is_large && left_to_gain > kWorthwhileGain;
    const bool trains = pays && !given.layers_stay_frozen;
    if (pays && !trains) {
      decision.reasons.emplace_back("The layers are to stay frozen all the same.");
    }
    decision.strategy = strategy_of_case(trains, decision.is_different);
    if (!trains && several_stages_win(evidence)) {
      decision.strategy = StrategyKind::kAllFeatures;
      decision.reasons.push_back(several_reason(evidence));
      decision.expected_score = evidence.several->score;
      decision.standard_error = evidence.several->standard_error;
      return decision;
    }
  }
  if (decision.strategy == StrategyKind::kEarlyFeatures) decision.cut = source->stage;
  decision.expected_score = source->score;
  decision.standard_error = source->standard_error;
  return decision;
}

}  // namespace transfer
