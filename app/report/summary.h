#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/advice/stage_probes.h"
#include "app/report/provenance.h"
#include "app/training/block_choice.h"
#include "app/training/calibration_fit.h"
#include "app/training/gradient_buckets.h"
#include "app/training/known_images_report.h"
#include "app/training/metrics.h"
#include "app/training/training_end.h"
#include "configs/choices.h"
#include "datasets/dataset.h"

namespace transfer {

/// How many images a split has, and how many of each class or label; the latter is empty for
/// numbers.
struct SplitCounts {
  std::int64_t images = 0;
  std::vector<std::int64_t> per_class;
};

/// The images of a split with `outputs` classes, labels or numbers.
SplitCounts count_images(const std::vector<Sample>& samples, std::size_t outputs, TargetKind kind);

/// One of the models that a run joined.
struct JoinedModel {
  /// Its run directory, below that of the joined run.
  std::string run_directory;
  std::string backbone;
  std::string strategy;
  /// Height and width of its input in pixels.
  std::int64_t height = 0;
  std::int64_t width = 0;
  /// On the validation images, by itself.
  Score val;
};

/// The strategy of a run that joined several models.
inline constexpr const char* kEnsembleStrategy = "ensemble";

/// Everything about a finished run that a script may want; written as summary.json.
struct Summary {
  std::string strategy;
  std::string backbone;
  std::string device;
  std::int64_t threads = 0;
  std::int64_t seed = 0;
  /// With the thresholds of labels, once they are chosen.
  Objective objective;
  std::vector<std::string> classes;
  /// Stage whose output feeds the head; empty for the classifier's input.
  std::string cut;
  /// Where the head's features come from several stages: what they are, and the sets of blocks that
  /// cross-validation compared.
  std::vector<std::string> blocks = {};
  std::vector<ScoredBlocks> block_sets = {};
  /// Of a run that joined several models (kEnsembleStrategy).
  std::vector<JoinedModel> members = {};
  /// Where the cut was chosen by probing: every stage probed.
  std::vector<StageProbe> probes;
  /// The last of the frozen stages that ran apart from the trained layers, and the type of its
  /// stored output; empty where there was none.
  std::string frozen_up_to;
  std::string activations;
  /// Whom the network learned from, and what the teacher counted for.
  struct Taught {
    std::string path;
    std::string sha256;
    /// Of its backbone, or of the ensemble.
    std::string name;
    double weight = 0;
    double temperature = 1;
  };
  std::optional<Taught> teacher = {};
  /// Copies of the network that trained side by side.
  std::int64_t replicas = 1;
  /// Processes that trained together, and rank 0's seconds in forward, backward and optimizer
  /// steps, of which the exchange of gradients is a part.
  std::int64_t processes = 1;
  double seconds_in_steps = 0;
  ReductionCost reduction;
  std::int64_t train_images = 0;
  /// What makes an epoch the best one.
  Monitor monitor = Monitor::kLoss;
  /// Whether the run has model-last.pt too.
  bool has_last_model = false;
  std::int64_t best_epoch = 0;
  std::int64_t epochs = 0;
  TrainingEnd end = TrainingEnd::kEpochs;
  /// The training batches after which the time was up, for `train.stop_batch`; else 0.
  std::int64_t stop_batch = 0;
  double weight_decay = 0;
  /// Whether cross-validation chose it.
  bool weight_decay_is_chosen = false;
  /// Views of an image that `val` and `test` are the mean of (train.tta).
  std::int64_t views = 1;
  /// Of the model's outputs, at its temperature where it has one.
  Metrics val;
  std::optional<Metrics> test;
  /// Of models with one class per image; the latter where the model keeps features.
  std::optional<FittedCalibration> calibration = {};
  std::optional<KnownImagesReport> known_images = {};
  /// "PATH: reason" of every image left out.
  std::vector<std::string> broken;
  /// Where the data lies, and how many images of it are in each split: for "train", "val" and
  /// "test".
  std::string data_path;
  std::map<std::string, SplitCounts> data_images;
  /// See data_sha256().
  std::string data_sha256;
  /// What the reader found in the data.
  Findings findings;
  /// Whether the run has report.html.
  bool has_report = false;
  /// The files among the run directory's that are pictures.
  std::vector<std::string> pictures;
  /// Over all invocations of a run that was resumed from a checkpoint.
  double seconds_total = 0;
  double seconds_extract = 0;
  double seconds_train = 0;
  double peak_memory_mb = 0;
  /// See peak_gpu_memory_bytes().
  std::optional<double> peak_gpu_memory_mb = {};
  /// The text of advice.json where measuring chose the strategy.
  std::string advice;
  std::string run_directory;
  Provenance provenance;
};

/// summary.json's text.
std::string to_json(const Summary& summary);

/// What --log-json tells of it in the event "result".
nlohmann::ordered_json result_members(const Summary& summary);

/// What the user reads on stdout at the end.
std::string to_text(const Summary& summary);

/// The peak resident memory of this process so far, in MB (ru_maxrss).
double peak_memory_mb();

}  // namespace transfer
