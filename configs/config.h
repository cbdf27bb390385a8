#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "configs/choices.h"
#include "core/fusion.h"
#include "core/objective.h"
#include "core/preprocessing.h"

namespace transfer {

/// A closed range of numbers; a random value is drawn from it uniformly.
using Range = std::array<double, 2>;

/// The backbone that needs no file: pixels scaled to 0–1 and flattened.
inline constexpr const char* kFlattenBackbone = "flatten";

// What each setting means, its unit and what is allowed is in the table of keys
// (configs/fields_*.cpp), which `transfer config` shows. Here an empty std::optional is `auto`.

/// Height and width in pixels; 0 for both where none is given.
struct ImageSize {
  std::int64_t height = 0;
  std::int64_t width = 0;

  bool is_given() const { return height > 0; }
  bool operator==(const ImageSize&) const = default;
};

/// A time that a user gives as `90s`, `30m` or `2h`.
struct Duration {
  double seconds = 0;

  bool operator==(const Duration&) const = default;
};

/// The default of `data.max_image_bytes`.
inline constexpr std::int64_t kDefaultMaxImageBytes = std::int64_t{1} << 30;

/// Where the images come from and how they are divided.
struct DataConfig {
  std::string path;
  std::vector<std::string> targets = {};
  std::vector<std::string> columns = {};  ///< see column_roles()
  std::string group_by;                   ///< see group_by_name()
  bool allow_leakage = false;
  double val_fraction = 0.2;
  double test_fraction = 0.0;
  std::int64_t folds = 0;
  std::int64_t fold = 1;  ///< from 1 on
  std::int64_t max_per_class = 0;
  double max_broken = 0.05;
  std::int64_t max_image_bytes = kDefaultMaxImageBytes;
  std::int64_t workers = 0;
  ImageSize input_size;
  std::optional<Resize> resize;
  /// The choice that `auto` makes is written into the run's config.yaml.
  std::optional<Range> sample_range;
  Sampler sampler = Sampler::kShuffle;
};

/// What a network without transfer.json was trained on.
struct InputConfig {
  std::optional<std::int64_t> channels;
  /// One number for all channels or one for each; empty is `auto`.
  std::vector<double> mean;
  std::vector<double> std;
  std::optional<PixelScale> scale;
  std::optional<ChannelOrder> order;
  /// Where keys of this group were given ("run.yaml:7"), for messages. Not a setting.
  std::map<std::string, std::string> places;

  /// The key with its place in front: "run.yaml:7: input.mean".
  std::string placed(const std::string& key) const;
};

/// The new last layers.
struct HeadConfig {
  std::optional<LossKind> loss;
  double huber_delta = 1.0;
  double focal_gamma = 2.0;
  double logit_adjustment = 1.0;
  std::vector<std::int64_t> hidden;
  Activation activation = Activation::kRelu;
  double dropout = 0.0;
  HeadStart start = HeadStart::kRandom;
  std::optional<double> weight_decay;
  double label_smoothing = 0.0;
  ClassWeights class_weights = ClassWeights::kNone;
};

/// Random changes to training images. Each kind of change has a probability, 0 being off, and most
/// have the range that its strength is drawn from.
struct AugmentConfig {
  AugmentPreset preset = AugmentPreset::kNone;
  /// Where layers train, epoch e (from 0) takes copy e mod (views + 1), 0 being the image itself.
  std::int64_t views = 0;
  double crop = 0.0;
  Range crop_area = {0.6, 1.0};
  Range crop_ratio = {0.75, 1.3333333333333333};
  double flip_horizontal = 0.0;
  double flip_vertical = 0.0;
  double rotate = 0.0;
  Range rotate_degrees = {-10.0, 10.0};
  double translate = 0.0;
  Range translate_fraction = {-0.1, 0.1};
  double scale = 0.0;
  Range scale_factor = {0.9, 1.1};
  double brightness = 0.0;
  Range brightness_factor = {0.8, 1.2};
  double contrast = 0.0;
  Range contrast_factor = {0.8, 1.2};
  double saturation = 0.0;
  Range saturation_factor = {0.8, 1.2};
  double hue = 0.0;
  Range hue_degrees = {-10.0, 10.0};
  double greyscale = 0.0;
  double blur = 0.0;
  Range blur_sigma = {0.1, 1.5};
  double erase = 0.0;
  Range erase_area = {0.02, 0.2};
  std::int64_t randaugment = 0;
  double randaugment_magnitude = 5.0;
  double mixup = 0.0;
  double cutmix = 0.0;
};

/// Whether some field changes single images, so that an image's copies differ.
bool changes_images(const AugmentConfig& augment);

/// How the trainable weights are fitted.
struct TrainConfig {
  std::int64_t epochs = 30;
  std::int64_t iterations = 300;
  std::int64_t batch_size = 64;
  Optimizer optimizer = Optimizer::kLbfgs;
  double lr = 0.001;
  bool scale_lr_by_batch = false;
  double lr_decay = 1.0;
  double head_lr_multiple = 1.0;
  double momentum = 0.9;
  /// Of the backbone alone.
  double weight_decay = 0.0;
  double l2_sp = 0.0;
  Schedule schedule = Schedule::kCosine;
  std::int64_t step_epochs = 10;
  double step_factor = 0.1;
  double plateau_factor = 0.1;
  std::int64_t plateau_patience = 3;
  double warmup_epochs = 0.0;
  std::int64_t freeze_epochs = 0;
  std::int64_t unfreeze_every = 0;
  std::int64_t freeze_stages = 0;
  BatchNorm batch_norm = BatchNorm::kTrain;
  bool from_scratch = false;
  Monitor monitor = Monitor::kLoss;
  std::int64_t patience = 10;
  double min_delta = 0.0;
  /// Of each invocation, from its start on; 0: none.
  Duration time_limit;
  std::int64_t stop_batch = 0;
  double clip_norm = 0.0;
  std::int64_t accumulate = 1;
  /// `auto` takes `threads` copies where a short trial finds them faster than one copy with all
  /// threads. It takes one where BatchNorm's statistics move (each copy would see its own; more are
  /// refused then), in runs of fewer than 20 steps, and on CUDA. The number taken is written into
  /// the run's config.yaml, so that the run can be repeated and resumed bit by bit.
  std::optional<std::int64_t> replicas;
  /// Every process normalises by its own rows of a batch, as PyTorch's DistributedDataParallel
  /// does, and the buffers become equal at the end of each epoch and in checkpoints. The mean of
  /// the processes' variances is smaller than the variance of all images, by the variance of the
  /// processes' means.
  BatchNormBuffers batch_norm_buffers = BatchNormBuffers::kRank0;
  double bucket_mb = 25.0;
  double ema = 0.0;
  TrainPrecision precision = TrainPrecision::kFloat32;
  std::int64_t checkpoint_epochs = 1;
  double checkpoint_minutes = 0.0;
  OnNonfinite on_nonfinite = OnNonfinite::kStop;
  std::int64_t top_k = 5;
  /// See parse_test_time_views() in core/test_time_views.h.
  std::string tta = "none";
  LabelThresholds label_thresholds = LabelThresholds::kAuto;
  Calibrate calibrate = Calibrate::kAuto;
  std::int64_t known_images = 1000;
  /// A file, a run directory or empty.
  std::string teacher;
  double teacher_weight = 0.5;
  double teacher_temperature = 2;
};

/// Where the output of frozen layers is kept.
struct CacheConfig {
  bool activations = true;
  /// The choice that `auto` makes is written into the run's config.yaml.
  CachePrecision precision = CachePrecision::kAuto;
  std::optional<std::int64_t> memory_mb;
  bool share = false;
  std::string dir;
};

/// How a GPU computes. A CPU computes the same with any of them.
struct ComputeConfig {
  bool deterministic = true;
  bool tf32 = false;
  Fusion fusion = Fusion::kAuto;
};

/// What a run leaves for people to look at, beside its results.
struct ReportConfig {
  bool html = true;
  bool pictures = true;
  std::string tensorboard;
};

/// Everything a run needs to be repeated.
struct Config {
  /// A strategy's name, see list_strategies(), or `auto`.
  std::string strategy = "freeze-conv";
  Quality quality = Quality::kNone;
  /// For a run that joins several models: the settings in which each differs, see
  /// settings_of_member().
  std::vector<std::string> members = {};
  Task task = Task::kClassification;
  std::string backbone = "efficientnet-lite0";
  std::string cut;
  std::int64_t seed = 0;
  std::string device = "auto";
  std::int64_t threads = 0;
  std::string out;
  bool overwrite = false;
  /// See parse_trust() in core/trust.h.
  std::string trust = "checked";
  std::string trust_file;

  DataConfig data;
  InputConfig input;
  HeadConfig head;
  AugmentConfig augment;
  TrainConfig train;
  CacheConfig cache;
  ComputeConfig compute;
  ReportConfig report;
};

/// A setting that was read before, as YAML text such as `[1, 2]`, with the place it was read from
/// for messages (`jobs.yaml:7`).
struct PlacedSetting {
  std::string key;
  std::string value;
  std::string where;
};

/// What the user gave, weakest first: preset < layers < files < settings < flags.
struct ConfigSources {
  /// Name of a preset under `presets/`; empty is the strategy's own.
  std::string preset;
  /// Settings of a batch file; later layers win.
  std::vector<std::vector<PlacedSetting>> layers = {};
  /// `--config FILE`; later ones win.
  std::vector<std::filesystem::path> files;
  /// `--set a.b=c`; later ones win.
  std::vector<std::string> settings;
  /// Flags such as `--seed 3`, as (key, value) pairs.
  std::vector<std::pair<std::string, std::string>> flags;
};

/// Where the value of each key came from: "default", "preset fine-tune", "run.yaml:7", "--set",
/// "--seed".
using KeyOrigins = std::map<std::string, std::string>;

/// The resolved and checked configuration. Throws ConfigError that names file, line, key, what was
/// found, what is allowed and the nearest valid name. `strategies` are the names that exist.
/// Fills `origins` where it is given.
Config resolve_config(const ConfigSources& sources, const std::vector<std::string>& strategies,
                      KeyOrigins* origins = nullptr);

/// The loss that `task` and `head.loss` ask for. REQUIRES: they agree, as resolve_config checks.
Objective objective_of(const Config& config);

/// The whole configuration as YAML that resolve_config reads back to the same values.
std::string to_yaml(const Config& config);

/// The presets that can be named: file names without `.yaml` in the presets folder.
std::vector<std::string> list_presets();

}  // namespace transfer
