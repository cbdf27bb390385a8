#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "app/compute/device_copies.h"
#include "app/compute/process_group.h"
#include "app/features/model_logits.h"
#include "app/training/checkpoint.h"
#include "app/training/epoch_progress.h"
#include "app/training/epoch_report.h"
#include "app/training/l2_sp.h"
#include "app/training/loss.h"
#include "app/training/run_seconds.h"
#include "app/training/shard_sampler.h"
#include "app/training/time_limit.h"
#include "app/training/training_end.h"
#include "app/training/training_input.h"
#include "app/training/training_step.h"
#include "app/training/weight_average.h"
#include "core/preprocessing.h"
#include "core/stopwatch.h"
#include "datasets/dataset.h"
#include "models/trainable_network.h"

namespace transfer {

/// What training needs besides the network. References must outlive the trainer.
struct TrainingTask {
  const Dataset& dataset;
  TrainingInput& input;
  Preprocessing preprocessing;
  const Config& config;
  torch::Device device = torch::kCPU;
  std::int64_t threads = 1;
  /// Files for the last state and for the weights of the best epoch while training runs.
  std::filesystem::path checkpoint;
  std::filesystem::path best_weights;
  /// What these files belong to.
  RunIdentity identity = {};
  /// Whether the network may be good before training, so that it counts as epoch 0 when the best
  /// weights are chosen.
  bool start_counts = false;
  /// Training images known to be broken; no warning names them again.
  std::vector<BrokenImage> known_broken = {};
  /// Epoch after which to pause with a checkpoint, if training has not ended by then; 0 never
  /// pauses.
  std::int64_t pause_after = 0;
  /// See training_loss().
  Loss loss = {};
  /// The penalty of `train.l2_sp`; null for none.
  std::shared_ptr<const L2Sp> l2_sp = {};
  EpochCallback on_epoch = {};
  /// Called on rank 0 after each epoch, and before the first where the start counts, while the
  /// network holds the weights that were evaluated, and whether they are the best so far. It may
  /// switch the network to evaluation mode.
  std::function<void(bool is_best)> on_weights = {};
  /// Runs since this invocation began, and how long it took before the trainer was made.
  Stopwatch since_start = {};
  double seconds_extract = 0;
  /// Called on rank 0 once a checkpoint holds the start of a run that goes on after its end.
  std::function<void()> on_going_on = {};
  /// Images that go through the network once training has ended, beside those that measure it: for
  /// what the model keeps of them and for the report. The time limit leaves time for them.
  std::size_t images_afterwards = 0;
  /// The processes that train together. Each takes its rows of every batch; all hold the same
  /// network, and rank 0 alone writes files.
  std::shared_ptr<ProcessGroup> group = single_process();
};

/// How training ended. The network holds the weights of `best_epoch`, for scaled targets.
struct TrainingOutcome {
  std::int64_t best_epoch = 0;
  std::int64_t epochs = 0;
  /// Training batches that this invocation reached, counted from the start of training; 0 where it
  /// trained none.
  std::int64_t batches = 0;
  /// Seconds that this process spent in forward, backward and optimizer steps, and the cost of the
  /// exchange of gradients, both since this invocation began.
  double seconds_in_steps = 0;
  ReductionCost reduction = {};
  /// Training images that could not be decoded.
  std::vector<BrokenImage> broken;
  /// Validation images that were broken in any epoch, ordered by sample.
  std::vector<BrokenImage> broken_val;
  /// Of earlier invocations, as far as checkpoints tell.
  RunSeconds earlier = {};
  TrainingEnd end = TrainingEnd::kEpochs;
  /// The network's outputs for the validation images, as evaluate() gives them; nothing where an
  /// earlier invocation computed them.
  std::optional<ImageLogits> val = {};
};

/// Trains a network epoch by epoch, until the epochs are used up, the validation loss stops
/// falling, or the time is up (`train.time_limit`): then the epoch ends after the current batch,
/// counts as one, and a checkpoint of that batch stays, from which a resumed run trains on.
/// Everything random depends on (seed, epoch, batch or image), so a run that resumes from a
/// checkpoint equals, bit for bit, one that was never stopped. A group of processes takes the same
/// steps as one process with the same batches, except for rounding and for BatchNorm's statistics,
/// Dropout and the mixing of images, which each process computes on its own rows.
class Trainer {
 public:
  Trainer(TrainableNetwork& network, TrainingTask task);
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Continues from `task.checkpoint`. Returns the number of completed epochs. Throws ModelError.
  std::int64_t resume();

  /// Continues a finished run of that many epochs, whose best weights, those of `best_epoch`, the
  /// network holds; it took `seconds`. The optimizer starts anew.
  void go_on(std::int64_t epochs, std::int64_t best_epoch, const RunSeconds& seconds);

  /// The learning rate of the next step by the schedule, the head's and the stages' factors aside.
  double next_learning_rate() const { return learning_rate(static_cast<double>(progress_.epoch)); }

  /// Throws DataError when too many images are broken, TrainingError when the loss is NaN or
  /// infinite, and Interrupted or Paused after saving a checkpoint.
  TrainingOutcome run();

  /// Outputs of the current network, in the targets' units; with averaged weights if they are in
  /// place.
  ImageLogits evaluate(EvaluatedSplit split, const std::string& title);

 private:
  void train_one_epoch();
  /// Adds this process's part of batch `index`; false if the loss was NaN or infinite and training
  /// went back to a checkpoint.
  bool add_batch(const Batch& batch, std::int64_t index, std::int64_t batches);
  void take_step(std::int64_t batch, std::int64_t batches);
  /// Which rows of a batch belong to this process.
  Shard shard() const;
  /// Remembers images as broken without reporting them.
  void know_broken(std::vector<BrokenImage> broken);
  void note_broken(const Batch& batch);
  /// Reports the broken images that any process has found since the last call.
  void exchange_broken();
  /// Reports validation images that were not broken in an earlier epoch; throws DataError when too
  /// many are.
  void note_broken_val(const ImageLogits& val);
  /// Writes a checkpoint if one is due, the time is up or any process was signalled to stop; throws
  /// for a stop. After this many images are evaluated, the run ends.
  void save_if_agreed(bool is_due, std::size_t images_to_evaluate);
  /// Seconds that evaluating so many images will take, as far as is known.
  double seconds_to_evaluate(std::size_t images) const;
  TrainingEnd end() const;
  /// Synchronises the network and the sums of the training score over all processes.
  void share_own_state();
  double learning_rate(double epoch, double step = 0) const;
  /// Throws TrainingError where training drove BatchNorm's running statistics out of the numbers.
  void require_finite_statistics() const;
  void finish_epoch();
  bool is_at_end() const;
  /// Evaluates the network before the first step and keeps it as the best so far.
  void keep_start();
  /// Keeps the network's state and its outputs for the validation images, `val`.
  void keep_as_best(ImageLogits val);
  /// Hands the weights that were just evaluated to the task.
  void hand_out_weights(bool is_best);
  void save_checkpoint();
  /// After a loss that is NaN or infinite: goes back to the last checkpoint, or throws
  /// TrainingError.
  void go_back(const Batch& batch);
  NamedTensors checkpoint_tensors();
  void load_checkpoint();

  TrainableNetwork& network_;
  TrainingTask task_;
  Config config_;
  std::vector<std::int64_t> labels_;
  TrainingStep step_;
  /// For the batches of all epochs; none on the CPU.
  std::optional<CopyStream> batch_copies_;
  std::unique_ptr<WeightAverage> average_;
  EarlyStopping stopping_;
  PlateauSchedule plateau_;
  EpochProgress epoch_progress_;
  TrainingProgress progress_;
  /// The best epoch of a finished run that goes on.
  std::optional<std::int64_t> goes_on_from_;
  /// Weights of the best epoch, on the CPU.
  std::vector<torch::Tensor> best_;
  /// Their outputs for the validation images; nothing where an earlier invocation computed them.
  std::optional<ImageLogits> best_val_;
  std::set<std::int64_t> seen_broken_;
  std::vector<BrokenImage> broken_;
  /// Found by this process and not exchanged yet.
  std::vector<BrokenImage> newly_broken_;
  /// Validation images that were broken in any epoch, ordered by sample.
  std::vector<BrokenImage> broken_val_;
  /// Images of this process since the network was last synchronised.
  std::int64_t images_since_shared_ = 0;
  TimeLimit time_limit_;
  bool time_is_up_ = false;
  /// Training batches so far; 0 until this invocation has trained one.
  std::int64_t batches_done_ = 0;
  /// The time was up within an epoch.
  bool is_cut_short_ = false;
  std::int64_t images_in_steps_ = 0;
  /// Of the last evaluation; 0 before the first.
  double seconds_per_evaluated_image_ = 0;
  Stopwatch clock_;
  double seconds_in_steps_ = 0;
  RunSeconds earlier_;
  /// Seconds on the clock when the last checkpoint was written.
  double last_saved_ = 0;
};

}  // namespace transfer
