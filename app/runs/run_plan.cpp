#include "app/runs/run_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/advice/stage_probes.h"
#include "app/compute/container_limits.h"
#include "app/compute/tensor_memory.h"
#include "app/features/broken_images.h"
#include "app/features/cache_folder.h"
#include "app/preparation/teacher_choice.h"
#include "app/preparation/unused_settings.h"
#include "app/runs/memory_estimate.h"
#include "app/runs/training_input_choice.h"
#include "app/training/l2_sp.h"
#include "app/training/training_batches.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/folder_output.h"
#include "core/quantity_text.h"
#include "core/stopwatch.h"
#include "models/frozen_trunk.h"
#include "models/strategy.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

/// Images of a split that are decoded for a plan, and those that go through the network.
constexpr std::size_t kMostRead = 256;
constexpr std::int64_t kPlanBatch = 16;

/// Images at regular intervals.
std::vector<Sample> some_of(const std::vector<Sample>& samples) {
  const std::size_t step = (samples.size() + kMostRead - 1) / kMostRead;
  std::vector<Sample> some;
  for (std::size_t i = 0; i < samples.size(); i += step) some.push_back(samples[i]);
  return some;
}

/// Decodes images, and returns the first batch of them. Throws DataError where too many are
/// broken; of a part of the split, where all are.
torch::Tensor read_some(const Preparation& p, const std::vector<Sample>& samples,
                        const std::string& split, RunPlan& plan) {
  const std::vector<Sample> some = some_of(samples);
  LoaderOptions options;
  options.preprocessing = p.preprocessing();
  options.batch_size = std::min(kPlanBatch, static_cast<std::int64_t>(some.size()));
  options.workers = p.threads;
  Loader loader(some, options);
  torch::Tensor first;
  std::vector<BrokenImage> broken;
  while (const auto batch = loader.next()) {
    if (!first.defined()) first = batch->images;
    broken.insert(broken.end(), batch->broken.begin(), batch->broken.end());
  }
  report_broken(broken);
  const bool is_whole = some.size() == samples.size();
  require_few_broken(broken, static_cast<std::int64_t>(some.size()), split,
                     is_whole ? p.config.data.max_broken : 1.0);
  plan.images_read += static_cast<std::int64_t>(some.size());
  plan.images_broken += static_cast<std::int64_t>(broken.size());
  return first;
}

/// Reads images of each split and measures how fast they are read and go through the network.
MachineSpeed look_at_images(const Preparation& p, RunPlan& plan) {
  MachineSpeed speed;
  const Stopwatch reading;
  const torch::Tensor images = read_some(p, p.dataset.train, "train", plan);
  read_some(p, p.dataset.val, "val", plan);
  if (!p.dataset.test.empty()) read_some(p, p.dataset.test, "test", plan);
  speed.prepare = reading.seconds() / static_cast<double>(plan.images_read);
  const FrozenTrunk trunk(p.backbone, {""}, p.device, p.config.compute.fusion);
  trunk.features(images);  // the first pass is slower
  const Stopwatch forward;
  trunk.features(images);
  speed.forward = forward.seconds() / static_cast<double>(images.size(0));
  return speed;
}

/// The folder itself, or the nearest above it that exists.
fs::path existing_folder(fs::path path) {
  path = fs::absolute(path);
  while (!is_folder(path) && path.has_relative_path()) path = path.parent_path();
  return path;
}

/// Throws OutputError where the room is too small.
DiskNeed look_at_disk(const fs::path& folder, std::optional<double> bytes) {
  DiskNeed need{folder, bytes};
  std::error_code error;
  const auto space = fs::space(existing_folder(folder), error);
  if (error) return need;
  need.free_bytes = static_cast<double>(space.available);
  if (bytes.value_or(0) <= *need.free_bytes) return need;
  throw OutputError(fmt::format(
      "{}: the run would write about {}, and the disk has room for {}. Free disk space, or choose "
      "another folder with --output (features: cache.dir).",
      folder.string(), bytes_text(*bytes), bytes_text(*need.free_bytes)));
}

double bytes_of_parameters(const TrainableNetwork& network) {
  double bytes = 0;
  for (const auto& entry : network.parameters()) {
    bytes += static_cast<double>(entry.second.nbytes());
  }
  return bytes;
}

/// Bytes of features that do not fit into memory and go to the store.
double stored_bytes(const Config& config, double bytes) {
  const auto megabytes = config.cache.memory_mb ? *config.cache.memory_mb
                                                : default_cache_memory_mb(read_container_limits());
  const bool fits = bytes <= static_cast<double>(megabytes) * (1 << 20);
  return fits && !config.cache.share ? 0 : bytes;
}

/// Throws where measuring would: the images are too few, the network cannot be cut, or the features
/// cannot be stored.
void look_at_measuring(const Preparation& p, const fs::path& store) {
  const Config& config = p.config;
  const bool is_auto = config.strategy == kAutoStrategy;
  if (probes_stages(config)) require_probing(config, p.backbone, p.dataset);
  if (is_auto && !config.cut.empty()) FrozenTrunk(p.backbone, {config.cut}, p.device);
  const auto unused = is_auto ? std::vector<UnusedSetting>() : unused_settings(config);
  const bool shares = config.cache.share &&
                      std::none_of(unused.begin(), unused.end(), [](const UnusedSetting& setting) {
                        return setting.key == "cache.share";
                      });
  const std::string why = shares ? why_no_folder(store) : "";
  if (why.empty()) return;
  throw OutputError(
      fmt::format("{}: the feature store cannot be made: {}. Choose another folder with --set "
                  "cache.dir=FOLDER.",
                  store.string(), why));
}

void plan_frozen(const Preparation& p, const MachineSpeed& speed, const fs::path& run,
                 const fs::path& store, RunPlan& plan) {
  const Cut cut = find_strategy(p.config.strategy).cut;
  const bool cuts = cut == Cut::kAtStage;
  const FrozenTrunk trunk(p.backbone,
                          cut == Cut::kAllStages ? blocks_of_all_stages(p.backbone)
                                                 : means_of({cuts ? p.config.cut : ""}),
                          p.device, p.config.compute.fusion);
  plan.layers = "a new head on frozen layers";
  if (cuts) {
    plan.layers += p.config.cut.empty() ? ", cut at the stage that probing finds best"
                                        : ", cut at " + p.config.cut;
  }
  if (cut == Cut::kAllStages) plan.layers += ", on features of several stages";
  const auto rows = static_cast<double>(plan.images.train * (1 + p.config.augment.views) +
                                        plan.images.val + plan.images.test);
  const double features = rows * static_cast<double>(trunk.dimension()) * sizeof(float);
  const double stored = stored_bytes(p.config, features);
  if (p.device.is_cpu()) {
    plan.memory_bytes = static_cast<double>(resident_memory_bytes()) + features - stored;
  }
  std::error_code ignored;
  const fs::path file = p.backbone.file();
  const double model = is_file(file) ? static_cast<double>(fs::file_size(file, ignored)) : 0;
  plan.output = look_at_disk(run, model);
  plan.feature_store = look_at_disk(store, stored);
  FrozenPlan work;
  work.views = p.config.augment.views;
  plan.seconds = estimate_seconds(speed, plan.images, work);
}

/// Fraction of the backbone's stages that never train.
double frozen_share(const Preparation& p) {
  const auto stages = static_cast<double>(p.backbone.metadata().stages.size());
  return stages == 0 ? 0
                     : std::min(static_cast<double>(p.config.train.freeze_stages) / stages, 1.0);
}

/// Seconds that the teacher takes to look at the training images: once, or in every epoch.
double seconds_of_teacher(const Preparation& p) {
  LoaderOptions options;
  options.preprocessing = p.teacher->preprocessing();
  options.batch_size = std::min(kPlanBatch, static_cast<std::int64_t>(p.dataset.train.size()));
  options.workers = p.threads;
  options.batches = {{0, options.batch_size}};
  Loader loader(p.dataset.train, options);
  const torch::Tensor images = loader.next().value().images;
  p.teacher->logits(images);  // the first pass is slower
  const Stopwatch clock;
  p.teacher->logits(images);
  const auto passes = static_cast<double>(
      images_repeat(p.config.augment) ? 1 + p.config.augment.views : p.config.train.epochs);
  return clock.seconds() / static_cast<double>(images.size(0)) *
         static_cast<double>(p.dataset.train.size()) * passes;
}

void plan_training(Preparation& p, const MachineSpeed& speed, const fs::path& run,
                   const fs::path& store, RunPlan& plan) {
  const TrainConfig& train = p.config.train;
  TrainableNetwork network(p.backbone, trainable_options(p.config, p.classes()), p.device);
  rehearse_training(p.config, network);
  const bool keeps = p.config.cache.activations && images_repeat(p.config.augment);
  p.config.cache.activations = false;  // or measuring a step would fill the store
  double seconds_of_others = 0;
  if (p.teacher) {
    plan.teacher = description_of(*p.teacher);
    seconds_of_others = seconds_of_teacher(p);
    p.teacher = nullptr;  // or it would look at all images now
  }
  const ChosenInput chosen = choose_training_input(p, store, network);
  const Loss loss = training_loss(p.config, truth_of(p.dataset.train), p.classes(), p.device);
  const std::int64_t batch = std::min(train.batch_size, plan.images.train);
  // In memory while it is estimated, as it is in a run.
  const auto l2_sp = l2_sp_of(network, train);
  if (p.device.is_cpu()) {
    plan.memory_bytes = estimate_memory(p, loss, network, *chosen.input).of_batch(batch);
  }
  plan.layers = chosen.frozen_up_to.empty()
                    ? "all layers"
                    : fmt::format("the layers behind {}", chosen.frozen_up_to);
  plan.layers += train.from_scratch ? ", from random weights" : ", from the pretrained weights";
  const double weights = bytes_of_parameters(network);
  const double optimizer = train.optimizer == Optimizer::kAdamW ? 2 : 1;
  // The best model and the last one, the best weights, and a checkpoint with its predecessor until
  // it is whole.
  plan.output = look_at_disk(run, weights * (3 + 2 * (1 + optimizer + (train.ema > 0 ? 1 : 0))));
  plan.feature_store = look_at_disk(store, 0);
  TrainingPlan work;
  work.epochs = train.epochs;
  work.frozen_share = frozen_share(p);
  work.keeps_activations = keeps && !chosen.frozen_up_to.empty();
  work.views = p.config.augment.views;
  work.fits_head_first = p.config.head.start == HeadStart::kFitted && !train.from_scratch;
  plan.seconds = estimate_seconds(speed, plan.images, work) + seconds_of_others;
}

}  // namespace

RunPlan plan_run(Preparation p, const fs::path& run_directory) {
  RunPlan plan;
  plan.strategy = p.config.strategy;
  plan.backbone = p.backbone.metadata().name;
  plan.device = p.device.str();
  plan.threads = p.threads;
  plan.classes = p.classes();
  plan.images = {static_cast<std::int64_t>(p.dataset.train.size()),
                 static_cast<std::int64_t>(p.dataset.val.size()),
                 static_cast<std::int64_t>(p.dataset.test.size())};
  plan.time_limit = p.config.train.time_limit.seconds;
  if (const auto available = available_memory_bytes(); available > 0 && p.device.is_cpu()) {
    plan.memory_available = static_cast<double>(available);
  }
  const fs::path store =
      feature_store_folder(p.config.cache, fs::absolute(run_directory).parent_path());
  look_at_measuring(p, store);
  const MachineSpeed speed = look_at_images(p, plan);
  if (p.config.strategy == kAutoStrategy) {
    plan.layers = "as measuring advises: see transfer advise";
    plan.output = look_at_disk(run_directory, std::nullopt);
    plan.feature_store = look_at_disk(store, std::nullopt);
    plan.seconds = estimate_seconds(speed, plan.images, FrozenPlan{});
  } else if (find_strategy(p.config.strategy).trunk_is_frozen) {
    plan_frozen(p, speed, run_directory, store, plan);
  } else {
    plan_training(p, speed, run_directory, store, plan);
  }
  return plan;
}

}  // namespace transfer
