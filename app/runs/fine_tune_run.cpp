#include "app/runs/fine_tune_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/compute/precision.h"
#include "app/features/broken_images.h"
#include "app/preparation/model_trust.h"
#include "app/runs/data_record.h"
#include "app/runs/fitted_start.h"
#include "app/runs/learned_confidence.h"
#include "app/runs/memory_estimate.h"
#include "app/runs/outputs_by_views.h"
#include "app/runs/replica_choice.h"
#include "app/runs/report_explanations.h"
#include "app/runs/run_record.h"
#include "app/runs/run_report.h"
#include "app/runs/split_results.h"
#include "app/runs/training_input_choice.h"
#include "app/training/schedule.h"
#include "app/training/trainer.h"
#include "core/atomic_file.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/hash.h"
#include "core/messages.h"
#include "core/run_files.h"
#include "core/stopwatch.h"
#include "models/model_weights.h"

namespace transfer {
namespace {

/// Outputs of the trained network on one split. The summary names its broken images, and also those
/// `known` from earlier evaluations.
SplitOutputs outputs_of(const ImageLogits& result, EvaluatedSplit split, const Preparation& p,
                        std::vector<BrokenImage> known, Summary& summary) {
  report_broken(add_broken(result.broken, known));
  for (const auto& image : known) summary.broken.push_back(image.reason);
  return {result.logits, truth_of(images_of(p.dataset, split), result.broken)};
}

Metrics metrics_of(const SplitOutputs& split, const Preparation& p, const Objective& objective) {
  return measure(objective, split.outputs, split.truth, {.k = p.config.train.top_k, .auroc = true});
}

std::string_view name_of_type(torch::ScalarType type) {
  if (type == torch::kFloat32) return "float32";
  return type == torch::kBFloat16 ? "bfloat16" : "float16";
}

/// Tells what was chosen where the settings left it open, and what follows from them.
void tell_choices(const Preparation& p, const Summary& summary) {
  const TrainConfig& train = p.config.train;
  note_detail(
      "choices: {}, batches of {}, learning rate {:.3g} ({}), {}, weight decay of the head {:.3g}, "
      "BatchNorm {}, replicas {}{}",
      name_of(train.optimizer), train.batch_size, batch_scaled_rate(train), name_of(train.schedule),
      name_of_type(choose_precision(train.precision, p.device).type),
      p.config.head.weight_decay.value_or(0), name_of(train.batch_norm), summary.replicas,
      summary.frozen_up_to.empty() ? "" : ", frozen up to " + summary.frozen_up_to);
}

/// Tells where the time of this invocation went.
void tell_times(const TrainingOutcome& outcome, const Summary& summary, double seconds) {
  note_detail("times: {:.1f} s until training began, {:.1f} s training, of which {:.1f} s in steps",
              summary.seconds_extract, seconds - summary.seconds_extract, outcome.seconds_in_steps);
}

/// `seconds` have passed since the features of this invocation, if any, began to be extracted.
void summarize_training(const Preparation& p, const TrainingOutcome& outcome, double seconds,
                        Summary& summary) {
  summary.seconds_train = seconds - summary.seconds_extract + outcome.earlier.train;
  summary.seconds_extract += outcome.earlier.extract;
  summary.seconds_total = outcome.earlier.total;
  summary.best_epoch = outcome.best_epoch;
  summary.epochs = outcome.epochs;
  summary.end = outcome.end;
  if (outcome.end == TrainingEnd::kTimeLimit) summary.stop_batch = outcome.batches;
  summary.seconds_in_steps = outcome.seconds_in_steps;
  summary.reduction = outcome.reduction;
  summary.weight_decay = p.config.head.weight_decay.value_or(0);
  for (const auto& image : outcome.broken) summary.broken.push_back(image.reason);
  summary.train_images = static_cast<std::int64_t>(p.dataset.train.size()) -
                         static_cast<std::int64_t>(outcome.broken.size());
}

RunIdentity identity_of(const Config& config, const RunDirectory& run) {
  const auto data = run.file(run_file::kData);
  return {settings_to_keep(config), is_file(data) ? sha256_hex(read_file(data)) : ""};
}

/// Images that go through the network after training: those of known images, and those that the
/// report shows training images for.
std::size_t images_after_training(const Preparation& p) {
  const std::int64_t train = std::ssize(p.dataset.train);
  std::int64_t images = 0;
  if (p.objective().targets() == TargetKind::kClass && p.config.train.known_images > 0) {
    images += std::ssize(p.dataset.val) + std::min(train, p.config.train.known_images);
  }
  if (p.config.report.html) images += std::min(train, kMostTrainImagesOfReport);
  return static_cast<std::size_t>(images);
}

/// Says that training has not improved on the fitted head that it began with.
void explain_best_start(const Config& config, std::int64_t epochs) {
  note(
      "none of the {} has a better val {} than the start, the pretrained layers with a fitted "
      "head, so model.pt is the start. The images may be too few, or too like those of the "
      "pretraining, for these layers to gain. Another train.lr than {:.3g} may help, and {}: "
      "scores often fall in the first epochs and rise later.",
      count_text(static_cast<std::size_t>(epochs), "epoch"), name_of(config.train.monitor),
      config.train.lr, config.train.patience > 0 ? "train.patience=0" : "more epochs");
}

/// Writes the network as a model of targets in their own units, though it trains on scaled ones.
void write_model(TrainableNetwork& network, const Preparation& p, const TargetScaling& scaling,
                 const std::filesystem::path& file, WriteCheck check, const Objective& objective,
                 const Confidence& confidence = {}) {
  if (scaling.is_identity()) {
    return network.write(p.dataset.classes, file, objective, check, confidence);
  }
  const torch::NoGradGuard no_gradients;
  std::vector<std::pair<torch::Tensor, torch::Tensor>> kept;
  for (const auto& [name, tensor] : network.parameters()) {
    if (name.starts_with(TrainableNetwork::kHead)) kept.emplace_back(tensor, tensor.clone());
  }
  network.scale_outputs(scaling.standard_deviation, scaling.mean);
  network.write(p.dataset.classes, file, objective, check);
  for (const auto& [tensor, before] : kept) torch::Tensor(tensor).copy_(before);
}

/// Measures the trained network, writes its model.pt and what it says of the images; on rank 0
/// alone, though every process must call it.
void finish_run(const Preparation& p, const RunDirectory& run, const TargetScaling& scaling,
                TrainableNetwork& network, Trainer& trainer, const TrainingOutcome& outcome,
                Summary& summary) {
  const auto logits = outcome.val ? *outcome.val : trainer.evaluate(EvaluatedSplit::kVal, "val");
  SplitOutputs val = outputs_of(logits, EvaluatedSplit::kVal, p, outcome.broken_val, summary);
  std::optional<SplitOutputs> test;
  if (!p.dataset.test.empty()) {
    const auto test_logits = trainer.evaluate(EvaluatedSplit::kTest, "test");
    test = outputs_of(test_logits, EvaluatedSplit::kTest, p, {}, summary);
  }
  if (!p.group->is_rank0()) return;
  const Confidence confidence = learn_confidence(
      p, val, truth_of(p.dataset.train, outcome.broken),
      [&] { return features_by_pass(network, p, p.dataset.val, "known images"); }, summary);
  write_model(network, p, scaling, run.file(run_file::kModel), WriteCheck::kReadBack,
              summary.objective, confidence);
  val.outputs = calibrated(val.outputs, confidence);
  if (test) test->outputs = calibrated(test->outputs, confidence);
  if (summary.views > 1) see_in_views(p, run, summary.views, val, test);
  summary.val = metrics_of(val, p, summary.objective);
  if (test) summary.test = metrics_of(*test, p, summary.objective);
  Explanation explanation{{}, {}, p.dataset.train, truth_of(p.dataset.train, outcome.broken)};
  if (!network.stages().empty()) explanation.maps = [&] { return network.activation_maps(); };
  explanation.features = [&] {
    return features_by_pass(network, p, test ? p.dataset.test : p.dataset.val, "similar images");
  };
  write_split_results(p, run, val, test, summary);
  write_run_report(p, run, val, test, explain_run(p, val, test, explanation, summary), summary);
  summary.has_last_model = is_file(run.file(run_file::kLastModel));
}

/// Writes the weights of an epoch, so that complete models exist while training goes on.
void write_models_of_epoch(TrainableNetwork& network, const Preparation& p,
                           const TargetScaling& scaling, const RunDirectory& run, bool is_best) {
  const auto last = run.file(run_file::kLastModel);
  write_model(network, p, scaling, last, WriteCheck::kNone, p.objective());
  if (is_best) write_file_atomically(run.file(run_file::kModel), read_file(last));
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

/// Continues as `span` says. Returns the number of completed epochs; nothing for a new run.
std::optional<std::int64_t> continue_run(Trainer& trainer, const Config& config,
                                         const RunDirectory& run, const RunSpan& span,
                                         bool resumes) {
  const std::string path = run.path().string();
  const auto rate = [&] {
    return fmt::format(
        "The schedule {} is that of a run of {}; the learning rate goes on at {:.3g}.",
        name_of(config.train.schedule),
        count_text(static_cast<std::size_t>(config.train.epochs), "epoch"),
        trainer.next_learning_rate());
  };
  if (span.finished) {
    trainer.go_on(span.finished->epochs, span.finished->best_epoch, span.finished->seconds);
    note(
        "{}: goes on after epoch {} with the weights of its model.pt (epoch {}). The optimizer "
        "and the patience start anew. {}",
        path, span.finished->epochs, span.finished->best_epoch, rate());
    return span.finished->epochs;
  }
  if (!resumes) return std::nullopt;
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
  // Before other weights take the place of the pretrained ones.
  const auto l2_sp = l2_sp_of(network, p.config.train);
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
  task.identity = identity_of(p.config, run);
  task.loss = loss;
  task.l2_sp = l2_sp;
  task.pause_after = span.pause_after;
  task.start_counts = start.is_fitted;
  task.images_afterwards = images_after_training(p);
  task.group = p.group;
  task.since_start = span.since_start;
  task.seconds_extract = summary.seconds_extract;
  task.known_broken = std::move(start.broken);
  task.on_weights = [&](bool is_best) {
    write_models_of_epoch(network, p, loss.target_scaling, run, is_best);
  };
  task.on_epoch = [&run](const EpochReport& report) {
    write_epoch(run, report, epoch_text(report));
  };
  task.on_going_on = [&run, &span] {
    run.write_config(span.config_to_keep.value());
    run.begin_again();
  };
  Trainer trainer(network, std::move(task));
  run.keep_metrics(continue_run(trainer, p.config, run, span, resumes));
  tell_choices(p, summary);
  const TrainingOutcome outcome = trainer.run();
  if (outcome.best_epoch == 0) explain_best_start(p.config, outcome.epochs);
  tell_times(outcome, summary, training.seconds());
  summarize_training(p, outcome, training.seconds(), summary);
  finish_run(p, run, loss.target_scaling, network, trainer, outcome, summary);
  return summary;
}

}  // namespace transfer
