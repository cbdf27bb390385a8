#include "app/runs/fine_tune_run.h"

#include <fmt/format.h>

#include "app/features/broken_images.h"
#include "app/preparation/model_trust.h"
#include "app/runs/data_record.h"
#include "app/runs/fitted_start.h"
#include "app/runs/memory_estimate.h"
#include "app/runs/replica_choice.h"
#include "app/runs/run_record.h"
#include "app/runs/split_results.h"
#include "app/runs/training_input_choice.h"
#include "app/training/trainer.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/messages.h"
#include "core/run_files.h"
#include "core/stopwatch.h"
#include "models/model_weights.h"

namespace transfer {
namespace {

void report_epoch(const RunDirectory& run, const EpochReport& report) {
  write_epoch(run, report);
  note("epoch {}: train loss {:.4f}, val loss {:.4f}, val {}", report.epoch, report.train_loss,
       report.val_loss, report.val_score.text());
}

/// Outputs and metrics of the trained network on one split.
struct Evaluated {
  SplitOutputs split;
  Metrics metrics;
};

/// The summary names its broken images, and also those `known` from earlier evaluations.
Evaluated evaluate_split(Trainer& trainer, EvaluatedSplit split, const std::string& title,
                         const Preparation& p, std::vector<BrokenImage> known, Summary& summary) {
  const auto result = trainer.evaluate(split, title);
  report_broken(add_broken(result.broken, known));
  for (const auto& image : known) summary.broken.push_back(image.reason);
  const Truth truth = truth_of(images_of(p.dataset, split), result.broken);
  return {{result.logits, truth},
          measure(p.objective(), result.logits, truth, p.config.train.top_k)};
}

void summarize_training(const Preparation& p, const TrainingOutcome& outcome, Summary& summary) {
  summary.best_epoch = outcome.best_epoch;
  summary.epochs = outcome.epochs;
  summary.seconds_in_steps = outcome.seconds_in_steps;
  summary.reduction = outcome.reduction;
  summary.weight_decay = p.config.head.weight_decay.value_or(0);
  for (const auto& image : outcome.broken) summary.broken.push_back(image.reason);
  summary.train_images = static_cast<std::int64_t>(p.dataset.train.size()) -
                         static_cast<std::int64_t>(outcome.broken.size());
}

/// Measures the trained network and writes what it says of the images.
void evaluate_splits(const Preparation& p, const RunDirectory& run, Trainer& trainer,
                     const std::vector<BrokenImage>& known_val, Summary& summary) {
  const auto val = evaluate_split(trainer, EvaluatedSplit::kVal, "val", p, known_val, summary);
  summary.val = val.metrics;
  std::optional<SplitOutputs> test;
  if (!p.dataset.test.empty()) {
    auto evaluated = evaluate_split(trainer, EvaluatedSplit::kTest, "test", p, {}, summary);
    summary.test = std::move(evaluated.metrics);
    test = std::move(evaluated.split);
  }
  if (p.group->is_rank0()) write_split_results(p, run, val.split, test, summary);
}

/// Gives the network the weights of the run's model.pt.
void load_finished_model(const RunDirectory& run, const Config& config,
                         const TargetScaling& scaling, TrainableNetwork& network) {
  load_model_weights(run.file(run_file::kModel), network.state(),
                     own_model_trust(config.trust, config.trust_file));
  if (scaling.is_identity()) return;
  // The file's outputs are in the targets' units.
  const auto factor = 1.0 / scaling.standard_deviation;
  network.scale_outputs(factor, -scaling.mean * factor);
}

/// Continues as `span` says. Returns the number of completed epochs.
std::int64_t continue_run(Trainer& trainer, const Config& config, const RunDirectory& run,
                          const RunSpan& span, bool resumes) {
  const std::string path = run.path().string();
  const auto rate = [&] {
    return fmt::format(
        "The schedule {} is that of a run of {} epochs; the learning rate goes on at {:.3g}.",
        name_of(config.train.schedule), config.train.epochs, trainer.next_learning_rate());
  };
  if (span.finished) {
    trainer.go_on(span.finished->epochs, span.finished->best_epoch, span.finished->seconds);
    note(
        "{}: goes on after epoch {} with the weights of its model.pt (epoch {}). The optimizer "
        "and the patience start anew. {}",
        path, span.finished->epochs, span.finished->best_epoch, rate());
    return span.finished->epochs;
  }
  if (!resumes) return 0;
  const std::int64_t done = trainer.resume();
  note("{}: resumed after epoch {}", path, done);
  if (span.config_to_keep) {
    run.write_config(*span.config_to_keep);
    note("{}", rate());
  }
  return done;
}

}  // namespace

Summary run_fine_tuning(Preparation p, const RunDirectory& run, const RunSpan& span,
                        const StageProbes& known) {
  Summary summary = begin_summary(p, run);
  const Stopwatch training;
  TrainableNetwork network(p.backbone, trainable_options(p.config, p.classes()), p.device);
  rehearse_training(p.config, network);
  const Loss loss = training_loss(p.config, truth_of(p.dataset.train), p.classes(), p.device);
  const bool resumes = !span.finished && span.resumes &&
                       broadcast_number(*p.group, is_file(run.checkpoint()) ? 1 : 0) > 0;
  if (span.finished) load_finished_model(run, p.config, loss.target_scaling, network);
  const bool starts = !resumes && !span.finished;
  HeadBeginning start;
  if (starts) {
    start = start_head(p, feature_store_folder(p.config, run), loss.target_scaling, known, network);
  }
  const ChosenInput chosen = choose_training_input(p, feature_store_folder(p.config, run), network);
  warn_of_memory(p, loss, network, *chosen.input);
  p.config.train.replicas = choose_replicas(p, loss, network, *chosen.input);
  if (starts) {
    run.write_config(p.config);
    write_data_record(p, run);
  }
  summary.replicas = *p.config.train.replicas;
  summary.frozen_up_to = chosen.frozen_up_to;
  summary.activations = chosen.activations;
  summary.seconds_extract = training.seconds();
  TrainingTask task{p.dataset, *chosen.input, p.preprocessing(), p.config,
                    p.device,  p.threads,     run.checkpoint(),  run.best_weights()};
  task.loss = loss;
  task.pause_after = span.pause_after;
  task.start_counts = start.is_fitted;
  task.group = p.group;
  task.since_start = span.since_start;
  task.seconds_extract = summary.seconds_extract;
  task.known_broken = std::move(start.broken);
  task.on_epoch = [&run](const EpochReport& report) { report_epoch(run, report); };
  task.on_going_on = [&run, &span] {
    run.write_config(span.config_to_keep.value());
    run.begin_again();
  };
  Trainer trainer(network, std::move(task));
  run.keep_metrics(continue_run(trainer, p.config, run, span, resumes));
  const TrainingOutcome outcome = trainer.run();
  summary.seconds_train = training.seconds() - summary.seconds_extract + outcome.earlier.train;
  summary.seconds_extract += outcome.earlier.extract;
  summary.seconds_total = outcome.earlier.total;
  summarize_training(p, outcome, summary);
  evaluate_splits(p, run, trainer, outcome.broken_val, summary);
  if (!p.group->is_rank0()) return summary;
  const TargetScaling& scaling = loss.target_scaling;
  if (!scaling.is_identity()) network.scale_outputs(scaling.standard_deviation, scaling.mean);
  network.write(p.dataset.classes, run.file(run_file::kModel), p.objective());
  return summary;
}

}  // namespace transfer
