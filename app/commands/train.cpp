#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/compute/device.h"
#include "app/features/feature_store.h"
#include "app/report/prediction_table.h"
#include "app/report/run_directory.h"
#include "app/report/summary.h"
#include "app/training/head_fit.h"
#include "app/training/weight_decay_search.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/stopwatch.h"
#include "datasets/dataset.h"
#include "models/backbone.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// Everything that must be sound before the run directory is made.
struct Preparation {
  Config config;
  torch::Device device = torch::kCPU;
  std::int64_t threads = 1;
  Backbone backbone;
  Dataset dataset;
};

Preparation prepare(const Config& config) {
  const auto device = choose_device(config.device);
  const auto threads = use_threads(config.threads);
  Dataset dataset = open_dataset(config.data, static_cast<std::uint64_t>(config.seed));
  const auto backbone = Backbone::load(find_backbone(config.backbone));
  if (!backbone.has_metadata()) {
    fmt::print(stderr,
               "warning: {} carries no transfer.json; ImageNet preprocessing is assumed (shorter "
               "side 256, crop 224, ImageNet mean and std).\n",
               backbone.file());
  }
  fmt::print(stderr, "{}: {} classes, {} train, {} val, {} test pictures; {} on {}, {} threads\n",
             config.data.path, dataset.classes.size(), dataset.train.size(), dataset.val.size(),
             dataset.test.size(), backbone.metadata().name, device.str(), threads);
  if (!dataset.skipped_files.empty()) {
    fmt::print(stderr, "{} files are no pictures by their ending and were skipped, such as {}\n",
               dataset.skipped_files.size(), dataset.skipped_files.front());
  }
  return {config, device, threads, backbone, std::move(dataset)};
}

/// Features of every split.
struct Features {
  FeatureSet train;
  FeatureSet val;
  std::optional<FeatureSet> test;
};

void require_every_class(const FeatureSet& train, const std::vector<std::string>& classes,
                         const std::string& path) {
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (train.labels.eq(static_cast<std::int64_t>(c)).any().item<bool>()) continue;
    throw DataError(fmt::format(
        "{}: no picture of class '{}' that can be read is left for training.", path, classes[c]));
  }
}

Features extract(const Preparation& p, const RunDirectory& run) {
  const Config& config = p.config;
  const std::filesystem::path folder =
      config.cache.dir.empty()
          ? std::filesystem::absolute(run.path()).parent_path() / "feature-store"
          : std::filesystem::path(config.cache.dir);
  FeatureStore store(p.backbone, config, folder, p.device, p.threads);
  Features features{store.extract(p.dataset.train, "train", config.augment.views),
                    store.extract(p.dataset.val, "val", 0), std::nullopt};
  require_every_class(features.train, p.dataset.classes, config.data.path);
  if (!p.dataset.test.empty()) features.test = store.extract(p.dataset.test, "test", 0);
  return features;
}

void write_epoch(const RunDirectory& run, const EpochReport& report) {
  const nlohmann::ordered_json line = {
      {"epoch", report.epoch},       {"train_loss", report.train_loss},
      {"val_loss", report.val_loss}, {"val_top1", report.val_top1},
      {"lr", report.learning_rate},  {"seconds", report.seconds}};
  run.append_metrics(line.dump());
}

HeadProblem make_problem(const Preparation& p, const Features& features, const RunDirectory& run) {
  const Config& config = p.config;
  const auto classes = static_cast<std::int64_t>(p.dataset.classes.size());
  CrossEntropy loss;
  loss.label_smoothing = config.head.label_smoothing;
  if (config.head.class_weights == "auto") {
    loss.class_weights = balanced_class_weights(features.train.labels, classes).to(p.device);
  }
  return {features.train,
          features.val,
          classes,
          measure_scaling(features.train),
          loss,
          config.head.weight_decay.value_or(0),
          config.train,
          static_cast<std::uint64_t>(config.seed),
          p.device,
          [&run](const EpochReport& report) { write_epoch(run, report); },
          {}};
}

void collect_broken(Summary& summary, const FeatureSet& set) {
  for (const BrokenPicture& picture : set.broken) summary.broken.push_back(picture.reason);
}

Summary run_freeze_conv(const Preparation& p, const RunDirectory& run,
                        const Stopwatch& since_start) {
  const Stopwatch extraction;
  const Features features = extract(p, run);
  Summary summary;
  summary.seconds_extract = extraction.seconds();

  const Stopwatch training;
  HeadProblem problem = make_problem(p, features, run);
  use_threads_for(features.train.rows() * p.backbone.feature_count() * problem.classes, p.threads);
  summary.weight_decay_is_chosen = !p.config.head.weight_decay;
  if (summary.weight_decay_is_chosen) {
    problem.weight_decay = choose_weight_decay(problem).weight_decay;
  }
  const FittedHead fitted = fit_head(problem);
  summary.seconds_train = training.seconds();
  fmt::print(stderr, "head: {} {} in {:.1f} s\n", fitted.epochs,
             p.config.train.optimizer == "lbfgs" ? "iterations" : "epochs", summary.seconds_train);

  const auto val_logits = head_logits(fitted.head, features.val, p.device);
  summary.val = classification_metrics(val_logits, features.val.labels, p.config.train.top_k);
  if (features.test) {
    summary.test = classification_metrics(head_logits(fitted.head, *features.test, p.device),
                                          features.test->labels, p.config.train.top_k);
    collect_broken(summary, *features.test);
  }
  collect_broken(summary, features.train);
  collect_broken(summary, features.val);
  summary.strategy = p.config.strategy;
  summary.backbone = p.backbone.metadata().name;
  summary.device = p.device.str();
  summary.threads = p.threads;
  summary.seed = p.config.seed;
  summary.classes = p.dataset.classes;
  summary.train_pictures = features.train.valid_rows();
  summary.best_epoch = fitted.best_epoch;
  summary.epochs = fitted.epochs;
  summary.weight_decay = problem.weight_decay;
  summary.skipped_files = static_cast<std::int64_t>(p.dataset.skipped_files.size());
  summary.run_directory = run.path().string();

  write_file_atomically(run.file("predictions_val.csv"),
                        prediction_table(features.val, val_logits, p.dataset.classes));
  write_classifier(p.backbone, fitted.head, p.dataset.classes, run.file("model.pt"));
  summary.peak_memory_mb = peak_memory_mb();
  summary.seconds_total = since_start.seconds();
  write_file_atomically(run.file("summary.json"), to_json(summary));
  return summary;
}

}  // namespace

int run_train(const TrainOptions& options) {
  const Stopwatch since_start;
  const Config config = resolve_config(options.sources, strategy_names());
  if (options.print_config) {
    fmt::print("{}", to_yaml(config));
    return 0;
  }
  const Preparation preparation = prepare(config);
  const RunDirectory run(config);
  try {
    const Summary summary = run_freeze_conv(preparation, run, since_start);
    fmt::print("{}", options.json ? to_json(summary) : to_text(summary));
  } catch (const Interrupted& stop) {
    throw Interrupted(
        fmt::format("{}. No model was written. Start again with: transfer --config {}", stop.what(),
                    run.file("config.yaml").string()),
        stop.exit_code() - 128);
  }
  return 0;
}

}  // namespace transfer
