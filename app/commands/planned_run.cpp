#include "app/commands/planned_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <system_error>
#include <utility>

#include "app/advice/advised_config.h"
#include "app/commands/member_runs.h"
#include "app/commands/train_in.h"
#include "app/planning/candidate_search.h"
#include "app/planning/member_choice.h"
#include "app/planning/training_plan.h"
#include "app/report/ensemble_score.h"
#include "app/runs/run_plan.h"
#include "core/atomic_file.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/quantity_text.h"
#include "core/quiet_messages.h"
#include "core/run_files.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// Models that answer together: each costs its own time for every image.
constexpr std::size_t kMostMembers = 5;
/// Part of the time limit that is kept free, since estimates are rough.
constexpr double kKeptFree = 0.05;

Quality planned_quality(const Config& config) {
  return config.quality == Quality::kNone ? Quality::kBest : config.quality;
}

/// Throws ConfigError where the time does not suffice for one pass over the images.
void require_time_for_a_pass(const Preparation& p, const std::filesystem::path& run,
                             const Stopwatch& since_start) {
  const double limit = p.config.train.time_limit.seconds;
  if (limit <= 0) return;
  const RunPlan plan = plan_run(p, run);
  const double needed = since_start.seconds() + plan.seconds;
  if (needed <= limit) return;
  throw ConfigError(fmt::format(
      "train.time_limit: found {}, too short for one pass over the {} images, which takes about {} "
      "here. Expected at least {}.",
      duration_text(limit), plan.images.train + plan.images.val + plan.images.test,
      duration_text(plan.seconds), duration_text(1.1 * needed + 1)));
}

/// Where the features of all candidates lie while a plan is carried out, in the run directory;
/// removed with it. A store that the user shares is used instead.
class PlanFeatures {
 public:
  PlanFeatures(const Config& config, const RunDirectory& run) : cache_(config.cache) {
    if (cache_.share) return;
    folder_ = std::filesystem::absolute(run.path()) / run_file::kPlanFeatures;
    cache_.share = true;
    cache_.dir = folder_.string();
  }
  ~PlanFeatures() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  PlanFeatures(const PlanFeatures&) = delete;
  PlanFeatures& operator=(const PlanFeatures&) = delete;

  const CacheConfig& cache() const { return cache_; }

 private:
  CacheConfig cache_;
  std::filesystem::path folder_;
};

/// Carries out a plan in a run directory.
class PlannedRun {
 public:
  PlannedRun(const TrainOptions& options, Quality quality, const KeyOrigins& origins,
             const Preparation& first, const RunDirectory& run, const Stopwatch& since_start)
      : options_(options),
        sources_(options.sources),
        quality_(quality),
        origins_(origins),
        first_(first),
        run_(run),
        since_start_(since_start),
        features_(first.config, run) {
    sources_.flags.emplace_back("quality", std::string(name_of(quality)));
  }

  /// Returns what the user is to read.
  std::string carry_out() {
    SearchOptions search{sources_, open_choices(quality_, origins_), features_.cache(),
                         seconds_limit(), since_start_};
    found_ = search_candidates(first_, search);
    const TrainingPlanInTime alone = training_alone();
    if (quality_ == Quality::kBest) {
      const ChosenMembers chosen = choose_members(found_, most_members());
      const TrainingPlanInTime beside = training_after(chosen);
      if (chosen.positions.size() > 1 && !trains_alone(alone, beside)) {
        return train_several(chosen, beside);
      }
    }
    return train_one(alone);
  }

 private:
  double limit() const { return first_.config.train.time_limit.seconds; }
  /// What may be planned for; 0: without a limit.
  double seconds_limit() const { return (1 - kKeptFree) * limit(); }
  double seconds_left() const { return std::max(seconds_limit() - since_start_.seconds(), 0.001); }
  double to_finish(std::size_t position) const {
    return seconds_to_finish(found_.tried[position], first_.dataset);
  }

  /// As many as the time left suffices for, if each is as slow as the slowest.
  std::size_t most_members() const {
    if (limit() <= 0) return kMostMembers;
    double slowest = 0;
    for (std::size_t i = 0; i < found_.tried.size(); ++i) {
      slowest = std::max(slowest, to_finish(i));
    }
    const auto affordable = static_cast<std::size_t>(seconds_left() / slowest);
    return std::clamp<std::size_t>(affordable, 1, kMostMembers);
  }

  /// The training of layers that fits beside these members.
  TrainingPlanInTime training_after(const ChosenMembers& chosen) const {
    double seconds = 0;
    if (limit() > 0) {
      seconds = seconds_left();
      for (const std::size_t position : chosen.positions) seconds -= 1.5 * to_finish(position);
      seconds = std::max(seconds, 0.001);
    }
    return plan_training(found_, sources_, seconds, given_training(origins_));
  }

  TrainingPlanInTime training_alone() const {
    if (quality_ == Quality::kFast) return {};
    return plan_training(found_, sources_, limit() > 0 ? seconds_left() : 0,
                         given_training(origins_));
  }

  static void say_left_out(const TrainingPlanInTime& training) {
    for (const std::string& what : training.left_out) note("left out: {}", what);
  }

  void say_plan(const Config& config, std::size_t position) const {
    const TriedCandidate& tried = found_.tried[position];
    const std::string why =
        position == found_.best
            ? fmt::format("the best of {} by cross-validation on the training images",
                          count_text(found_.tried.size(), "candidate"))
            : "whose layers train in the time that there is";
    note("plan: {} with {}, {}", config.strategy, title_of(tried.candidate), why);
    for (const std::string& reason : tried.advice.decision.reasons) note("{}", reason);
  }

  /// One model, of the best candidate.
  std::string train_one(const TrainingPlanInTime& training) {
    say_left_out(training);
    const std::size_t position = training.config ? training.position : found_.best;
    TriedCandidate& taken = found_.tried[position];
    Config config = training.config.value_or(plan_frozen(taken, sources_));
    config.quality = Quality::kNone;
    say_plan(config, position);
    Preparation p = with_config(first_, config);
    write_file_atomically(run_.file(run_file::kAdvice), to_json(taken.advice));
    Config kept = p.config;
    kept.train.time_limit = {};
    run_.write_config(kept);
    if (!training.config) p.config.cache = features_.cache();
    return results_of_training(p, run_, {.since_start = since_start_}, options_.json,
                               std::move(taken.probes));
  }

  /// Several models that answer together.
  std::string train_several(const ChosenMembers& chosen, const TrainingPlanInTime& training) {
    const ScoreName name = estimated_score_name(first_.objective());
    note("plan: {}, which together reach a cross-validated loss of {:.4f}, {} {}",
         count_text(chosen.positions.size(), "model"), chosen.loss, name.title,
         name.text(chosen.score.value, chosen.score.standard_error));
    say_left_out(training);
    MemberRuns members(first_, run_, since_start_);
    for (const std::size_t position : chosen.positions) {
      TriedCandidate& tried = found_.tried[position];
      const Config config = as_member(plan_frozen(tried, sources_));
      say_member(members, config, title_of(tried.candidate));
      const QuietMessages quiet;
      members.train(config, features_.cache(), std::move(tried.probes));
    }
    if (training.config) add_trained(members, training);
    return members.join(first_.config, options_.json);
  }

  /// An ensemble keeps nothing of training images, so its members need not.
  static Config as_member(Config config) {
    config.train.known_images = 0;
    return config;
  }

  static void say_member(const MemberRuns& members, const Config& config, const std::string& what) {
    note("member {}: {}, {}", members.runs().size() + 1, config.strategy, what);
  }

  /// Trains layers too. That model stays if the loss on the validation images is smaller with it.
  void add_trained(MemberRuns& members, const TrainingPlanInTime& training) const {
    Config config = as_member(*training.config);
    std::vector<std::size_t> frozen(members.runs().size());
    std::iota(frozen.begin(), frozen.end(), std::size_t{0});
    say_member(members, config, title_of(found_.tried[training.position].candidate));
    if (limit() > 0) config.train.time_limit = {seconds_limit()};
    members.train(config, config.cache);
    std::vector<std::size_t> all = frozen;
    all.push_back(frozen.size());
    const double without = validation_loss(members, frozen);
    const double with = validation_loss(members, all);
    note("the {} model {}: the validation loss of the mean is {:.4f} with it and {:.4f} without",
         config.strategy, with < without ? "stays" : "goes", with, without);
    members.keep(with < without ? all : frozen);
  }

  double validation_loss(const MemberRuns& members,
                         const std::vector<std::size_t>& positions) const {
    std::vector<std::string> runs;
    for (const std::size_t position : positions) {
      runs.push_back(members.runs()[position].directory.string());
    }
    const EnsembleScore score = score_ensemble(runs, first_.dataset.classes, first_.objective());
    if (!score.ensemble) throw DataError(score.reason);
    return score.loss;
  }

  const TrainOptions& options_;
  ConfigSources sources_;
  Quality quality_;
  const KeyOrigins& origins_;
  const Preparation& first_;
  const RunDirectory& run_;
  const Stopwatch& since_start_;
  PlanFeatures features_;
  CandidateSearch found_;
};

}  // namespace

bool is_planned(const Config& config) {
  const bool has_limit = config.train.time_limit.seconds > 0;
  return config.quality != Quality::kNone || (config.strategy == kAutoStrategy && has_limit);
}

void run_planned(const TrainOptions& options, const Config& config, const KeyOrigins& origins,
                 const Stopwatch& since_start) {
  const Preparation first = prepare(resolve_for_advice(options.sources));
  require_time_for_a_pass(first, RunDirectory::planned(first.config), since_start);
  const RunDirectory run = RunDirectory::create(first.config);
  fmt::print("{}", all_or_nothing(run, [&] {
               return PlannedRun(options, planned_quality(config), origins, first, run, since_start)
                   .carry_out();
             }));
}

}  // namespace transfer
