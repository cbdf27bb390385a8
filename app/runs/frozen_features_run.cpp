#include "app/runs/frozen_features_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <future>
#include <optional>
#include <utility>

#include "app/compute/allocator.h"
#include "app/compute/device.h"
#include "app/runs/block_heads.h"
#include "app/runs/learned_confidence.h"
#include "app/runs/outputs_by_views.h"
#include "app/runs/report_explanations.h"
#include "app/runs/run_record.h"
#include "app/runs/run_report.h"
#include "app/runs/split_features.h"
#include "app/runs/split_results.h"
#include "app/training/head_fit.h"
#include "app/training/schedule.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/quantity_text.h"
#include "core/run_files.h"
#include "core/stopwatch.h"
#include "models/classifier.h"
#include "models/strategy.h"

namespace transfer {
namespace {

HeadProblem make_problem(const Preparation& p, const SplitFeatures& features,
                         const RunDirectory& run, const Stopwatch& since_start) {
  HeadProblem problem =
      head_problem(p.config, p.classes(), p.device, features.train, features.val, features.widths);
  problem.weight_decay = p.config.head.weight_decay.value_or(0);
  problem.options = p.config.train;
  problem.options.lr = batch_scaled_rate(p.config.train);
  problem.time_limit = TimeLimit(p.config.train.time_limit, since_start);
  problem.on_epoch = [&run](const EpochReport& report) { write_epoch(run, report); };
  return problem;
}

void collect_broken(Summary& summary, const FeatureSet& set) {
  for (const BrokenImage& image : set.broken) summary.broken.push_back(image.reason);
}

/// Says how the fit went, and whether it ended too early.
void report(const FittedHead& fitted, const TrainConfig& train, double seconds) {
  const bool is_lbfgs = train.optimizer == Optimizer::kLbfgs;
  const std::string count =
      count_text(static_cast<std::size_t>(fitted.epochs), is_lbfgs ? "iteration" : "epoch");
  if (!is_lbfgs) {
    note("head: {} in {}", count, duration_text(seconds));
    return;
  }
  note("head: {} in {}, {}, gradient norm {:.1e}", count, duration_text(seconds),
       fitted.end == TrainingEnd::kConvergence ? "converged" : "not converged",
       fitted.gradient_norm);
  if (fitted.end == TrainingEnd::kEpochs) {
    warn(
        "the head's fit ended at train.iterations={} before it converged. Raise it, or set a "
        "larger "
        "head.weight_decay.",
        train.iterations);
  }
}

/// Fits the head, on some of the blocks if there are several, and fills in its part of the summary.
FittedHead fit(const Preparation& p, SplitFeatures& features, const RunDirectory& run,
               const Stopwatch& since_start, const StageProbes& known, Summary& summary) {
  if (features.blocks.size() > 1) {
    return fit_heads_on_blocks(
        p, features,
        [&](const SplitFeatures& part) { return make_problem(p, part, run, since_start); },
        summary);
  }
  HeadProblem problem = make_problem(p, features, run, since_start);
  const std::int64_t dimension = features.train.views.front().dimension();
  use_threads_for(features.train.rows() * dimension * problem.classes, p.threads);
  summary.weight_decay_is_chosen = !p.config.head.weight_decay;
  if (summary.weight_decay_is_chosen) {
    problem.weight_decay = chosen_weight_decay(problem, known, summary.cut);
  }
  FittedHead fitted = fit_head(problem);
  summary.best_epoch = fitted.best_epoch;
  summary.epochs = fitted.epochs;
  summary.end = fitted.end;
  summary.weight_decay = problem.weight_decay;
  return fitted;
}

/// The stage to cut at; empty for the classifier's input. If it is chosen by probing, `known` gets
/// the probes.
std::string choose_cut(const Preparation& p, const RunDirectory& run, StageProbes& known,
                       Summary& summary) {
  if (find_strategy(p.config.strategy).cut == Cut::kBeforeClassifier) return "";
  if (!p.config.cut.empty()) return p.config.cut;
  known = probe_stages(p, early_stages(p.backbone), feature_store_folder(p.config, run));
  summary.probes = known.stages;
  std::string cut = broadcast_text(
      *p.group, p.group->is_rank0() ? best_probe(known.stages).stage : std::string());
  note("cut at {}", cut);
  return cut;
}

/// Features of the training images and of those of `other`, from where they are stored.
FeatureSource stored_features(const SplitFeatures& features, const FeatureSet& other) {
  const auto rows_of = [](const FeatureSet& set) {
    return [&set](const std::vector<std::int64_t>& rows) { return set.views.front().gather(rows); };
  };
  return {features.train.views.front().dimension(), rows_of(features.train), rows_of(other)};
}

/// What the fitted head says of a split.
SplitOutputs head_outputs(const Preparation& p, const Head& head, const FeatureSet& set) {
  return {head_logits(head, set, p.device), set.truth()};
}

/// What explains the answers of the fitted head. The references must outlive the result.
Explanation explanation_of(const Preparation& p, const SplitFeatures& features, const Head& head) {
  Explanation explanation{{}, {}, p.dataset.train, features.train.truth()};
  if (!p.backbone.metadata().stages.empty()) {
    explanation.maps = [&p, &features, &head] {
      return ActivationMaps(p.backbone, features.blocks, head, p.objective());
    };
  }
  explanation.features = [&features] {
    return stored_features(features, features.test ? *features.test : features.val);
  };
  return explanation;
}

/// What the run's model says of the splits that measure it.
struct MeasuredSplits {
  SplitOutputs val;
  std::optional<SplitOutputs> test;
};

/// Measures the splits by what the fitted head says of them, `val` among it, or where the run is to
/// see several views by what model.pt says, which `write_model_file` writes then.
MeasuredSplits measure_splits(const Preparation& p, const RunDirectory& run,
                              const SplitFeatures& features, const Head& head,
                              const Confidence& confidence, SplitOutputs val,
                              const std::function<void()>& write_model_file, Summary& summary) {
  MeasuredSplits splits{std::move(val), std::nullopt};
  splits.val.outputs = calibrated(splits.val.outputs, confidence);
  if (features.test) {
    splits.test = head_outputs(p, head, *features.test);
    splits.test->outputs = calibrated(splits.test->outputs, confidence);
    collect_broken(summary, *features.test);
  }
  if (summary.views > 1) {
    write_model_file();
    see_in_views(p, run, summary.views, splits.val, splits.test);
  }
  const auto measured = [&](const SplitOutputs& split) {
    return measure(summary.objective, split.outputs, split.truth,
                   {.k = p.config.train.top_k, .auroc = true});
  };
  summary.val = measured(splits.val);
  if (splits.test) summary.test = measured(*splits.test);
  return splits;
}

}  // namespace

Summary run_on_frozen_features(const Preparation& p, const RunDirectory& run,
                               const Stopwatch& since_start, StageProbes known) {
  Summary summary = begin_summary(p, run);
  const Stopwatch extraction;
  const bool takes_all = find_strategy(p.config.strategy).cut == Cut::kAllStages;
  if (!takes_all) summary.cut = choose_cut(p, run, known, summary);
  SplitFeatures features =
      extract_splits(p, run, takes_all ? blocks_of_all_stages(p.backbone) : means_of({summary.cut}),
                     known.features);
  release_freed_memory();  // of the frozen network: writing the model needs as much again
  summary.seconds_extract = extraction.seconds();
  if (!p.group->is_rank0()) return summary;

  look_for_near_copies(features, summary.findings);
  const Stopwatch training;
  const FittedHead fitted = fit(p, features, run, since_start, known, summary);
  summary.seconds_train = training.seconds();
  note_detail("choices: weight decay {:.3g} ({}), {}", summary.weight_decay,
              summary.weight_decay_is_chosen ? "by cross-validation" : "as set",
              name_of(p.config.train.optimizer));
  report(fitted, p.config.train, summary.seconds_train);

  const SplitOutputs fitted_val = head_outputs(p, fitted.head, features.val);
  const Confidence confidence = learn_confidence(
      p, fitted_val, features.train.truth(),
      [&] { return stored_features(features, features.val); }, summary);
  const auto write_model_file = [&] {
    write_classifier(p.backbone, features.blocks, fitted.head, p.dataset.classes,
                     run.file(run_file::kModel), summary.objective, confidence);
  };
  const MeasuredSplits splits = measure_splits(p, run, features, fitted.head, confidence,
                                               fitted_val, write_model_file, summary);
  const SplitOutputs& val = splits.val;
  const std::optional<SplitOutputs>& test = splits.test;
  collect_broken(summary, features.train);
  collect_broken(summary, features.val);
  summary.train_images = features.train.valid_rows();
  // Each of these is work for one core, and a second thread would only wait for it.
  use_threads(1);
  const auto beside = [](auto work) {
    return std::async(std::launch::async | std::launch::deferred, [work] {
      use_threads(1);
      work();
    });
  };
  auto tables = beside([&] { write_split_results(p, run, val, test, summary); });
  ReportExtras extras =
      explain_run(p, val, test, explanation_of(p, features, fitted.head), summary);
  tables.get();
  auto page = beside([&] { write_run_report(p, run, val, test, std::move(extras), summary); });
  if (summary.views == 1) write_model_file();
  page.get();
  use_threads(p.threads);
  return summary;
}

}  // namespace transfer
