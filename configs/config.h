#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/objective.h"

namespace transfer {

/// A closed range of numbers; a random value is drawn from it uniformly.
using Range = std::array<double, 2>;

/// The backbone that needs no file: pixels scaled to 0–1 and flattened.
inline constexpr const char* kFlattenBackbone = "flatten";

/// Where the images come from and how they are divided.
struct DataConfig {
  /// A folder `{train,val[,test]}/CLASS/*` or `CLASS/*`, a CSV file `path,label[,split]`, or a
  /// folder of IDX files (`train-images-idx3-ubyte.gz` and its three companions, as MNIST has); for
  /// regression a CSV file `path[,split]` with columns of numbers.
  std::string path;
  /// Regression: the columns to predict; empty is every column but path and split.
  std::vector<std::string> targets = {};
  /// Part of the training images set apart for validation where the data brings no `val`, 0–1.
  double val_fraction = 0.2;
  /// Part set apart for testing where the data brings no `test` and no `val`, 0–1.
  double test_fraction = 0.0;
  /// k-fold cross-validation: the images for training and, where the data brings them, for
  /// validation are divided into so many parts by `seed`, every class in the same proportion; one
  /// part is for validation, the others for training. 0 is off.
  std::int64_t folds = 0;
  /// The part for validation, from 1 to `folds`.
  std::int64_t fold = 1;
  /// At most so many images a class in train and in val (where an image has no one class: so
  /// many in all); 0 is no limit.
  std::int64_t max_per_class = 0;
  /// Largest part of images that may be unreadable before the run stops, 0–1.
  double max_broken = 0.05;
  /// Threads that decode and augment; 0 is one for each of `threads`.
  std::int64_t workers = 0;
  /// Side of the square input in pixels; 0 is the backbone's own input size (of `flatten`: the
  /// size of the images in IDX files, else 28).
  std::int64_t input_size = 0;
  /// Order of an epoch's training images: `shuffle`, or `balanced`: every class equally often.
  std::string sampler = "shuffle";
};

/// The new last layers.
struct HeadConfig {
  /// `cross_entropy` over a softmax, `binary_cross_entropy` summed over one sigmoid a class
  /// (several labels per image, or logistic regression), `mse`, `mae`, `huber`; `auto`:
  /// cross_entropy, for regression mse.
  std::string loss = "auto";
  /// Error above which `huber` grows like mae instead of mse, in the targets' units.
  double huber_delta = 1.0;
  /// Units of the hidden layers between the features and the last layer, such as [512, 256]; empty
  /// is softmax regression. On cached features hidden layers bring the preset `hidden-layers`.
  std::vector<std::int64_t> hidden;
  /// What each hidden layer ends in: `relu`, `sigmoid` or `tanh`.
  std::string activation = "relu";
  /// Part of each hidden layer's units that a training step leaves out, drawn anew every time, 0–1
  /// (Srivastava et al. 2014).
  double dropout = 0.0;
  /// How it starts where the layers below it train too: `random`, or `fitted` to the features that
  /// the pretrained layers give (Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features");
  /// that start then counts as epoch 0 when the best weights are chosen.
  std::string start = "random";
  /// L2 penalty on the head's weights (not its bias): loss + weight_decay / 2 · ‖W‖². Empty is
  /// `auto`: chosen by 5-fold cross-validation on the training features. With hidden layers, of
  /// which every fit would take minutes, `auto` is 0.01, AdamW's usual value.
  std::optional<double> weight_decay;
  /// Label smoothing of the cross-entropy, 0–1 (Szegedy et al. 2016).
  double label_smoothing = 0.0;
  /// `none`, or `auto`: each class weighs in inverse proportion to its number of images.
  std::string class_weights = "none";
};

/// Random changes to training images. A probability of 0 turns one off. `preset` fills all
/// fields that change a single image; a field given by the user, in whichever source, wins.
struct AugmentConfig {
  /// `none`, `light`, `standard` or `strong`.
  std::string preset = "none";
  /// Fixed augmented copies of each training image beside the image itself. A head on cached
  /// features sees all of them each epoch; where layers below it train, epoch e (from 0) takes copy
  /// e mod (views + 1), 0 being the image itself, and with 0 views the changes are drawn afresh
  /// each epoch. Where no augmentation is on, the copies get `standard`.
  std::int64_t views = 0;
  /// Random resized crop: probability, part of the image's area, width-to-height ratio.
  double crop = 0.0;
  Range crop_area = {0.6, 1.0};
  Range crop_ratio = {0.75, 1.3333333333333333};
  /// Probabilities of mirroring left–right and top–bottom.
  double flip_horizontal = 0.0;
  double flip_vertical = 0.0;
  /// Rotation: probability, degrees.
  double rotate = 0.0;
  Range rotate_degrees = {-10.0, 10.0};
  /// Translation: probability, part of the width and of the height.
  double translate = 0.0;
  Range translate_fraction = {-0.1, 0.1};
  /// Scale about the centre: probability, factor.
  double scale = 0.0;
  Range scale_factor = {0.9, 1.1};
  /// Brightness, contrast and saturation: probability, factor (1 changes nothing).
  double brightness = 0.0;
  Range brightness_factor = {0.8, 1.2};
  double contrast = 0.0;
  Range contrast_factor = {0.8, 1.2};
  double saturation = 0.0;
  Range saturation_factor = {0.8, 1.2};
  /// Hue: probability, shift in degrees of the colour circle.
  double hue = 0.0;
  Range hue_degrees = {-10.0, 10.0};
  /// Greyscale: probability.
  double greyscale = 0.0;
  /// Gaussian blur: probability, sigma in pixels.
  double blur = 0.0;
  Range blur_sigma = {0.1, 1.5};
  /// Random erasing (Zhong et al. 2020): probability, part of the area.
  double erase = 0.0;
  Range erase_area = {0.02, 0.2};
  /// RandAugment (Cubuk et al. 2020): operations per image, 0 is off; their strength, 0–10.
  std::int64_t randaugment = 0;
  double randaugment_magnitude = 5.0;
  /// Mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019) of a batch's images: the alpha of
  /// Beta(alpha, alpha), from which the share of each image is drawn; 0 is off. With both on,
  /// each batch gets one of them. Not for cached features.
  double mixup = 0.0;
  double cutmix = 0.0;
};

/// Whether some field changes single images, so that an image's copies differ.
bool changes_images(const AugmentConfig& augment);

/// How the trainable weights are fitted.
struct TrainConfig {
  /// Passes over the training set; SGD and AdamW only.
  std::int64_t epochs = 30;
  /// Largest number of L-BFGS iterations.
  std::int64_t iterations = 300;
  std::int64_t batch_size = 64;
  /// `lbfgs` (softmax regression on cached features only), `adamw` or `sgd`.
  std::string optimizer = "lbfgs";
  /// Peak learning rate of SGD and AdamW.
  double lr = 0.001;
  /// Whether `lr` is meant for batches of 256 and grows in proportion to the images a step
  /// (Goyal et al. 2017).
  bool scale_lr_by_batch = false;
  /// Multiplier of the learning rate a stage, going from the head towards the input; 1 trains all
  /// stages alike (Howard and Ruder 2018).
  double lr_decay = 1.0;
  /// Multiplier of the head's learning rate.
  double head_lr_multiple = 1.0;
  /// SGD's momentum, 0–1.
  double momentum = 0.9;
  /// Weight decay of the backbone's weights, not applied to biases and norms: an L2 penalty for
  /// SGD, decoupled for AdamW (Loshchilov and Hutter 2019). The head has its own.
  double weight_decay = 0.0;
  /// `constant`, `cosine`, `step`, `onecycle` (Smith and Topin 2018) or `plateau`.
  std::string schedule = "cosine";
  /// `step`: the rate is multiplied by `step_factor` every `step_epochs`.
  std::int64_t step_epochs = 10;
  double step_factor = 0.1;
  /// `plateau`: the rate is multiplied by `plateau_factor` after `plateau_patience` epochs without
  /// a better validation loss.
  double plateau_factor = 0.1;
  std::int64_t plateau_patience = 3;
  /// Epochs of linear warm-up from 0 to `lr`; fractions are allowed. `onecycle` has its own.
  double warmup_epochs = 0.0;
  /// First epochs in which the head alone trains.
  std::int64_t freeze_epochs = 0;
  /// Gradual unfreezing: epochs until one more stage trains, from the last to the first; 0 is all
  /// at once (Howard and Ruder 2018).
  std::int64_t unfreeze_every = 0;
  /// First stages that never train. They run apart from the rest: in evaluation mode, BatchNorm
  /// folded, without autograd; see `cache.activations`.
  std::int64_t freeze_stages = 0;
  /// BatchNorm: `train`: statistics move; `frozen`: statistics fixed, scale and shift train;
  /// `folded`: folded into the convolution before training, and in the saved model.
  std::string batch_norm = "train";
  /// Whether every weight starts from random values instead of the pretrained ones.
  bool from_scratch = false;
  /// Epochs (L-BFGS: iterations) without a better validation loss before training stops; 0 trains
  /// to the end. The weights of the best epoch are kept (L-BFGS with 0: the last, its optimum).
  std::int64_t patience = 10;
  /// Smallest fall of the validation loss that counts as better.
  double min_delta = 0.0;
  /// Largest norm of all gradients together; longer ones are shortened to it. 0 is off.
  double clip_norm = 0.0;
  /// Batches whose gradients are added up for one step.
  std::int64_t accumulate = 1;
  /// Copies of the network that share its weights; each computes the gradients of its part of every
  /// batch in one thread. Empty is `auto`: `threads` copies where a short trial finds them faster
  /// than one copy with all threads; one where BatchNorm's statistics move (more are refused then:
  /// each copy would see its own), in runs of fewer than 20 steps, or on CUDA. The number taken is
  /// written into the run's config.yaml, so that the run can be repeated and resumed to the last
  /// bit.
  std::optional<std::int64_t> replicas;
  /// What becomes of BatchNorm's running statistics where several processes train together
  /// (`mpirun`) and `batch_norm` is `train`. Every process normalises by its own rows of a batch,
  /// as PyTorch's DistributedDataParallel does; at the end of each epoch, and in checkpoints, all
  /// take those of `rank0`, or `synchronised` the mean over the processes: of the means that of all
  /// images, of the variances less than it by the variance of the processes' means.
  std::string batch_norm_buffers = "rank0";
  /// Megabytes of gradients that several processes sum in one go (Li et al. 2020): the sum of the
  /// last layers' runs while backward is at the first ones.
  double bucket_mb = 25.0;
  /// Decay of the moving average of the weights, which is evaluated and saved in their place;
  /// 0 is off.
  double ema = 0.0;
  /// Arithmetic of the forward pass: `float32`, `bfloat16`, `float16` (CUDA only), or `auto`:
  /// bfloat16 on CUDA, else float32. bfloat16 on a CPU needs AVX512-BF16 or AMX.
  std::string precision = "float32";
  /// A checkpoint is written every so many epochs and every so many minutes; 0 is off.
  std::int64_t checkpoint_epochs = 1;
  double checkpoint_minutes = 0.0;
  /// At a loss that is not a number: `stop`, or `retry` from the last checkpoint at a lower rate.
  std::string on_nonfinite = "stop";
  /// `top1` and this `top_k` are reported.
  std::int64_t top_k = 5;
};

/// Where the output of frozen layers is kept.
struct CacheConfig {
  /// Whether the output of the first stages is kept where these never train (`train.freeze_stages`)
  /// and their images repeat: without augmentation, or with `augment.views`, and without mixup
  /// and CutMix. Otherwise they run again in every step.
  bool activations = true;
  /// How that output is kept: `float32`, `float16` (half the room), or `auto`: float16 where it
  /// moves the logits of a sample of images by less than 0.01. The choice is written into the
  /// run's config.yaml. The features of a head are float32 in any case.
  std::string precision = "auto";
  /// Megabytes of features held in memory; beyond it they go to memory-mapped files. Empty is
  /// `auto`: 1024, or less where a container's memory limit leaves less.
  std::optional<std::int64_t> memory_mb;
  /// Whether features go to the feature store even where memory would hold them, for other runs
  /// that need some of the same images' features: `transfer batch` turns it on.
  bool share = false;
  /// Folder of the feature store; empty is `feature-store` beside the run directory.
  std::string dir;
};

/// Everything a run needs to be repeated.
struct Config {
  /// Which layers train: see list_strategies().
  std::string strategy = "freeze-conv";
  /// What is learned of an image: `classification` (its class or its labels) or `regression`
  /// (numbers).
  std::string task = "classification";
  /// A TorchScript file, the name of an exported backbone, or `flatten`. That has no pretrained
  /// weights, so it ignores `strategy`: everything trains, which is the head on the pixels.
  std::string backbone = "efficientnet-lite0";
  /// Stage whose output `early-features` takes; empty is chosen by probing the stages.
  std::string cut;
  /// Seeds the split, the augmentation, the head and the order of batches.
  std::int64_t seed = 0;
  /// `auto`, `cpu`, `cuda` or `cuda:N`.
  std::string device = "auto";
  /// Threads for arithmetic; 0 is one for each core that the process may use, within a container's
  /// limit of processor time.
  std::int64_t threads = 0;
  /// The run directory; empty is `runs/TIME-DATA-STRATEGY`.
  std::string out;
  /// Whether an existing run directory may be replaced.
  bool overwrite = false;

  DataConfig data;
  HeadConfig head;
  AugmentConfig augment;
  TrainConfig train;
  CacheConfig cache;
};

/// A setting that somebody else has read, as YAML text such as `[1, 2]`, with the place it was read
/// from for messages (`jobs.yaml:7`).
struct PlacedSetting {
  std::string key;
  std::string value;
  std::string where;
};

/// What the user gave, weakest first: preset < layers < files < settings < flags.
struct ConfigSources {
  /// Name of a preset under `presets/`; empty is the strategy's own.
  std::string preset;
  /// Settings of a batch file, later layers win.
  std::vector<std::vector<PlacedSetting>> layers = {};
  /// `--config FILE`, later ones win.
  std::vector<std::filesystem::path> files;
  /// `--set a.b=c`, later ones win.
  std::vector<std::string> settings;
  /// Flags such as `--seed 3`, as (key, value) pairs.
  std::vector<std::pair<std::string, std::string>> flags;
};

/// The resolved and checked configuration. Throws ConfigError that names file, line, key, what was
/// found, what is allowed and the nearest valid name. `strategies` are the names that exist.
Config resolve_config(const ConfigSources& sources, const std::vector<std::string>& strategies);

/// The loss that `task` and `head.loss` ask for. REQUIRES: they agree, as resolve_config checks.
Objective objective_of(const Config& config);

/// The whole configuration as YAML that resolve_config reads back to the same values.
std::string to_yaml(const Config& config);

/// Names of all keys, in the order of the structs, such as `train.lr`.
std::vector<std::string> config_keys();

/// The presets that can be named: file names without `.yaml` in the presets folder.
std::vector<std::string> list_presets();

}  // namespace transfer
