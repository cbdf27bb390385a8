#include "app/planning/candidate_search.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "app/advice/advised_config.h"
#include "app/compute/device.h"
#include "app/features/cache_folder.h"
#include "app/preparation/backbone_choice.h"
#include "app/training/loss.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/quantity_text.h"
#include "core/quiet_messages.h"
#include "datasets/image_shapes.h"

namespace transfer {
namespace {

/// Of every run: writing the model, its tables and its page.
constexpr double kSecondsToWrite = 3;
/// Estimates are of about this accuracy.
constexpr double kReserve = 1.1;

/// What the sets of blocks say together: the mean of their outputs by weight, as the head of
/// all-features is made.
LeftOutAnswers joined_answers(const std::vector<ScoredBlocks>& sets) {
  LeftOutAnswers joined;
  for (const ScoredBlocks& set : sets) {
    if (set.weight == 0) continue;
    const auto part = set.answers.outputs * set.weight;
    joined.outputs = joined.outputs.defined() ? joined.outputs + part : part;
    joined.truth = set.answers.truth;
  }
  return joined;
}

Loss comparing_loss(const Preparation& p) {
  return training_loss(p.config, truth_of(p.dataset.train), p.classes(), torch::kCPU).plain();
}

TriedCandidate try_candidate(const Preparation& first, const InputCandidate& candidate,
                             const SearchOptions& options) {
  const Stopwatch stopwatch;
  const ConfigSources sources = with_candidate(options.sources, candidate);
  Preparation p = with_config(first, resolve_for_advice(sources));
  p.config.cache = options.cache;
  MeasuredAdvice measured =
      take_advice(p, sources, feature_store_folder(options.cache), options.since_start);
  TriedCandidate tried;
  tried.candidate = candidate;
  tried.answers = joined_answers(measured.probes.block_sets);
  tried.advice = std::move(measured.advice);
  tried.probes = std::move(measured.probes);
  tried.seconds = stopwatch.seconds();
  return tried;
}

/// Tries candidates one after the other, as long as there is time.
class Search {
 public:
  Search(const Preparation& first, const SearchOptions& options)
      : first_(first), options_(options) {
    found_.loss = comparing_loss(first);
  }

  CandidateSearch run() {
    const bool tries_backbones = options_.open.backbone;
    const auto backbones = backbones_to_try(first_.config.backbone, tries_backbones);
    const OpenChoices& open = options_.open;
    const ImageShapes shapes =
        open.size || open.resize ? measure_shapes(first_.dataset.train) : ImageShapes{};
    for (const auto& candidate : resize_candidates(backbones.front(), open, shapes.aspect_ratio)) {
      consider(candidate);
    }
    const auto resize = found_.winner().candidate.resize;
    for (const auto& candidate : other_candidates(backbones, open, resize, shapes.shorter_side)) {
      consider(candidate);
    }
    return std::move(found_);
  }

 private:
  void consider(const InputCandidate& candidate) {
    const std::string title = title_of(candidate);
    if (const auto seconds = seconds_needed(candidate)) {
      const double left = options_.seconds_limit - options_.since_start.seconds();
      if (*seconds > left) {
        return leave_out(fmt::format("{}: it would need {}, and {} are left", title,
                                     duration_text(*seconds), duration_text(std::max(left, 0.0))));
      }
    }
    try {
      take(try_candidate(first_, candidate, options_));
    } catch (const ConfigError& error) {
      return refuse(title, error);
    } catch (const ModelError& error) {
      return refuse(title, error);
    }
  }

  /// What the configuration itself says must work; the others nobody has asked for.
  void refuse(const std::string& title, const Error& error) {
    if (found_.tried.empty()) throw;
    leave_out(fmt::format("{}: {}", title, error.what()));
  }

  void leave_out(const std::string& what) {
    found_.left_out.push_back(what);
    quiet_.tell("left out: " + what);
  }

  /// With what a run on it takes afterwards; nothing where time is not limited or nothing is known
  /// yet.
  std::optional<double> seconds_needed(const InputCandidate& candidate) const {
    if (options_.seconds_limit <= 0 || found_.tried.empty()) return std::nullopt;
    const TriedCandidate& dearest = *std::max_element(
        found_.tried.begin(), found_.tried.end(),
        [](const TriedCandidate& a, const TriedCandidate& b) { return a.seconds < b.seconds; });
    const double before = std::max(dearest.candidate.multiply_adds, 1.0);
    const double ratio = std::max(candidate.multiply_adds, 1.0) / before;
    const double to_finish = seconds_to_finish(dearest, first_.dataset);
    return kReserve *
           (ratio * dearest.seconds +
            std::max(ratio * to_finish, seconds_to_finish(found_.winner(), first_.dataset)));
  }

  void take(TriedCandidate tried) {
    Loss& loss = found_.loss;
    const LeftOutAnswers& answers = tried.answers;
    // Where some of the classes were compared, offsets of all of them do not fit.
    if (answers.outputs.size(1) < first_.classes()) loss.logit_offsets = torch::Tensor();
    tried.loss =
        loss.sum(answers.outputs, answers.truth).item<double>() / loss.weight(answers.truth);
    tried.score = estimate_score(loss.objective, loss.target_scaling.in_units(answers.outputs),
                                 answers.truth);
    const ScoreName name = estimated_score_name(loss.objective);
    quiet_.tell(fmt::format("candidate: {}: cross-validated loss {:.4f}, {} {}, {}",
                            title_of(tried.candidate), tried.loss, name.title,
                            name.text(tried.score.value, tried.score.standard_error),
                            duration_text(tried.seconds)));
    found_.tried.push_back(std::move(tried));
    const TriedCandidate& last = found_.tried.back();
    const bool wins = is_clearly_better(last.loss, found_.winner().loss, last.answers.truth.rows());
    if (wins) found_.best = found_.tried.size() - 1;
  }

  const Preparation& first_;
  const SearchOptions& options_;
  /// The candidates' own notes are details, and what all warn of is said once.
  QuietMessages quiet_;
  CandidateSearch found_;
};

}  // namespace

CandidateSearch search_candidates(const Preparation& first, const SearchOptions& options) {
  return Search(first, options).run();
}

Preparation with_config(const Preparation& first, const Config& config) {
  Preparation p = first;
  p.config = config;
  p.config.data.sample_range = first.config.data.sample_range;
  use_threads(p.threads);
  p.backbone = choose_backbone(p.config, p.dataset);
  check_network(p.config, p.backbone, p.dataset);
  return p;
}

double seconds_to_finish(const TriedCandidate& tried, const Dataset& dataset) {
  const auto probed =
      static_cast<double>(std::max<std::int64_t>(tried.advice.evidence.probed_images, 1));
  const auto images =
      static_cast<double>(dataset.train.size() + dataset.val.size() + dataset.test.size());
  const double heads = tried.seconds - tried.advice.seconds_pass;
  return (images - probed) * tried.advice.seconds_pass / probed + heads + kSecondsToWrite;
}

bool is_clearly_better(double loss, double other, std::int64_t images) {
  return static_cast<double>(images) * (other - loss) >= std::log(kPositiveOdds);
}

}  // namespace transfer
