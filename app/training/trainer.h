#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <set>
#include <vector>

#include "app/compute/process_group.h"
#include "app/features/model_logits.h"
#include "app/training/checkpoint.h"
#include "app/training/epoch_report.h"
#include "app/training/loss.h"
#include "app/training/shard_sampler.h"
#include "app/training/training_input.h"
#include "app/training/training_step.h"
#include "app/training/weight_average.h"
#include "core/preprocessing.h"
#include "core/stopwatch.h"
#include "datasets/dataset.h"
#include "models/trainable_network.h"

namespace transfer {

/// What fine-tuning needs beside the network. References must outlive the trainer.
struct TrainingTask {
  const Dataset& dataset;
  TrainingInput& input;
  Preprocessing preprocessing;
  const Config& config;
  torch::Device device = torch::kCPU;
  std::int64_t threads = 1;
  /// Where the last state, and the weights of the best epoch, are kept while training runs.
  std::filesystem::path checkpoint;
  std::filesystem::path best_weights;
  /// Whether the network may already be good, so that its start counts as epoch 0 when the best
  /// weights are chosen.
  bool start_counts = false;
  /// Training images known to be broken; they are not named again.
  std::vector<BrokenImage> known_broken = {};
  /// Epoch after which to pause with a checkpoint, where training is not at its end by then; 0
  /// never pauses.
  std::int64_t pause_after = 0;
  /// What is minimised, see training_loss().
  Loss loss = {};
  /// Called after every epoch.
  EpochCallback on_epoch = {};
  /// Those who train together. Each takes its rows of every batch; all hold the same network, and
  /// the first alone writes the files.
  std::shared_ptr<ProcessGroup> group = single_process();
};

/// How training ended. The network holds the weights of `best_epoch`, for scaled targets.
struct TrainingOutcome {
  std::int64_t best_epoch = 0;
  std::int64_t epochs = 0;
  /// Seconds that this process spent in forward, backward and optimizer steps, and of its group's
  /// exchange of gradients; since the training began or went on.
  double seconds_in_steps = 0;
  ReductionCost reduction = {};
  /// Training images that could not be decoded.
  std::vector<BrokenImage> broken;
};

/// Trains a network epoch by epoch, until the epochs are used up or the validation
/// loss stops falling. Everything random is drawn from (seed, epoch, batch or image), so a run
/// that goes on from a checkpoint is the run that was never stopped, bit for bit. A group of
/// processes makes the steps of one process with the same batches, but for rounding and, where
/// they are on, BatchNorm's statistics, Dropout and the mixing of images, which each process has
/// for its own rows.
class Trainer {
 public:
  Trainer(TrainableNetwork& network, TrainingTask task);
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Continues from `task.checkpoint`. Returns the number of completed epochs. Throws ModelError.
  std::int64_t resume();

  /// Throws DataError when too many images are broken, TrainingError when the loss is no longer a
  /// number, and Interrupted or Paused after saving a checkpoint.
  TrainingOutcome run();

  /// Outputs for images by the network as it is, averaged weights included while it trains; in
  /// the targets' units.
  ImageLogits evaluate(EvaluatedSplit split, const std::string& title);

 private:
  void train_one_epoch();
  /// Adds this process's part of batch `index`; false where the loss is no number and the training
  /// has gone back.
  bool add_batch(const Batch& batch, std::int64_t index, std::int64_t batches);
  void take_step(std::int64_t batch, std::int64_t batches);
  /// Which rows of a batch are this process's.
  Shard shard() const;
  /// Takes images as broken that were reported before.
  void know_broken(std::vector<BrokenImage> broken);
  void note_broken(const Batch& batch);
  /// Names the broken images that any process has met since the last call.
  void exchange_broken();
  /// Where a stop was asked for in any process, or a checkpoint is due: writes it, and throws for a
  /// stop.
  void save_if_agreed(bool is_due);
  /// Makes the network the same in all processes.
  void share_own_state();
  double learning_rate(double epoch) const;
  void finish_epoch();
  bool is_at_end() const;
  /// Evaluates the network before the first step and keeps it as the best so far.
  void keep_start();
  void keep_as_best();
  void save_checkpoint();
  /// After a loss that is no number: goes back to the last checkpoint, or throws TrainingError.
  void go_back(const Batch& batch);
  NamedTensors checkpoint_tensors();
  void load_checkpoint();

  TrainableNetwork& network_;
  TrainingTask task_;
  Config config_;
  std::vector<std::int64_t> labels_;
  TrainingStep step_;
  std::unique_ptr<WeightAverage> average_;
  EarlyStopping stopping_;
  PlateauSchedule plateau_;
  TrainingProgress progress_;
  /// Weights of the best epoch, on the CPU.
  std::vector<torch::Tensor> best_;
  std::set<std::int64_t> seen_broken_;
  std::vector<BrokenImage> broken_;
  /// Met by this process and not exchanged yet.
  std::vector<BrokenImage> newly_broken_;
  /// Images of this process since the network was last the same in all.
  std::int64_t images_since_shared_ = 0;
  Stopwatch clock_;
  double seconds_in_steps_ = 0;
  double seconds_before_ = 0;
  /// Seconds on the clock when the last checkpoint was written.
  double last_saved_ = 0;
};

}  // namespace transfer
