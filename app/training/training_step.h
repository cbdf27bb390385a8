#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/compute/precision.h"
#include "app/compute/process_group.h"
#include "app/training/distillation.h"
#include "app/training/gradient_buckets.h"
#include "app/training/gradient_scaler.h"
#include "app/training/l2_sp.h"
#include "app/training/loss.h"
#include "app/training/parameter_groups.h"
#include "app/training/replicas.h"
#include "app/training/teacher.h"
#include "app/training/trained_part.h"
#include "datasets/loader.h"
#include "models/trainable_network.h"

namespace torch::optim {
class Optimizer;
}

namespace transfer {

/// Loss of a batch in the targets' units; the mean over batches is Σ sum / Σ weight.
struct BatchLoss {
  double sum = 0;
  double weight = 0;
};

/// Forward, backward and the optimizer's step, over one batch or several whose gradients are
/// accumulated. On a GPU the host waits for the loss of each batch while backward is queued
/// already, and for the finiteness of the gradients once in finish(), where that decides.
///
///     step.add(batch, seed);  // once, or `train.accumulate` times
///     step.finish(rate);
///
/// In a group each process adds its part of the batch, and all get the gradients of the whole
/// batch.
class TrainingStep {
 public:
  /// Shares the network, of which `part` runs. Throws ConfigError for an optimizer that cannot
  /// train it and DeviceError for a precision that the device lacks.
  TrainingStep(TrainableNetwork& network, const Config& config, std::int64_t classes, Loss loss,
               torch::Device device, TrainedPart part = {});
  ~TrainingStep();

  /// Divides every batch among `count` copies of the network (see Replicas), on the CPU. Throws
  /// ModelError where it cannot be copied.
  void use_replicas(std::int64_t count);

  /// Takes steps together with the other processes of the group, which must outlive this; each adds
  /// its part of every batch. Gradients are summed in buckets of `bucket_bytes`. Called before
  /// train_from().
  void use_group(ProcessGroup& group, std::int64_t bucket_bytes);

  /// Mixes the teacher's part into the loss from now on (train.teacher_weight). Batches must bring
  /// what the teacher said of them or is to see. `teacher` must outlive this; nullptr is none.
  void use_teacher(const Teacher* teacher) { teacher_ = teacher; }

  /// Adds the gradient of this penalty to that of every step, before it is clipped; null for none.
  /// Reported losses leave the penalty out.
  void use_l2_sp(std::shared_ptr<const L2Sp> penalty) { l2_sp_ = std::move(penalty); }

  /// From now on the head and the stages from `first` on train.
  void train_from(std::int64_t first);

  /// Adds the gradients of a batch; rows without a label do not count, and where BatchNorm's
  /// statistics move, a batch of which broken images left one row does not either. `seed`
  /// determines what Dropout drops and how images are mixed. If the loss is not finite, the sum is
  /// not either, and the gradients are useless. In a group the loss is that of all parts, a batch
  /// may be empty (`count` 0), and `is_last` marks the last batch before finish(), so that sums may
  /// begin during backward. The batch's images may lie on the host or on the device.
  BatchLoss add(const Batch& batch, std::uint64_t seed, bool is_last = true);

  /// Divides the gradients by the weight of what was added, adds those of the penalty, clips them
  /// to `train.clip_norm`, and steps at `rate`. Skips the step if gradients are not finite. Clears
  /// them.
  void finish(double rate);

  /// Discards what was added.
  void discard();

  /// Sums of the training score (see score_sums()) over what this process has added since they were
  /// set; waits for a GPU.
  std::vector<double> training_score_sums() const;
  /// Sets them; an empty vector stands for zeros.
  void set_training_score_sums(const std::vector<double>& sums);

  /// All trainable parameters, for the average of weights.
  std::vector<torch::Tensor> parameters() const;
  /// Cost of the exchange of gradients so far; zero without a group.
  ReductionCost reduction_cost() const;
  const Loss& loss() const { return loss_; }
  torch::optim::Optimizer& optimizer() { return *optimizer_; }
  GradientScaler& scaler() { return scaler_; }

 private:
  /// The loss of this process's part of the batch, whose gradients are added.
  BatchLoss add_part(const Batch& batch, std::uint64_t seed);
  /// What the network's outputs for some rows are compared with.
  struct Goal {
    Truth truth;
    /// The teacher's logits [n,C] on the CPU; undefined without a teacher.
    torch::Tensor teacher = {};

    Goal narrow(std::int64_t first, std::int64_t count) const;
  };
  /// Runs forward and backward; returns the loss in the targets' units. `score` becomes the sums of
  /// the training score of these rows.
  double add_gradients(const TrainableNetwork& network, const torch::Tensor& input,
                       const Goal& goal, torch::Tensor& score) const;

  TrainableNetwork& network_;
  const Config& config_;
  std::int64_t classes_;
  Loss loss_;
  /// The same on the CPU, where batches have their labels: their weights need no wait for a GPU.
  Loss loss_on_host_;
  torch::Device device_;
  TrainedPart part_;
  Precision precision_;
  std::vector<ParameterGroup> groups_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  GradientScaler scaler_;
  std::shared_ptr<const L2Sp> l2_sp_;
  std::unique_ptr<Replicas> replicas_;
  const Teacher* teacher_ = nullptr;
  ProcessGroup* group_ = nullptr;
  std::int64_t bucket_bytes_ = 0;
  std::unique_ptr<GradientBuckets> buckets_;
  /// Of buckets that have been replaced.
  ReductionCost earlier_cost_;
  /// Names of the parameters that train now.
  std::vector<std::string> trainable_;
  /// On the device.
  torch::Tensor training_score_sums_;
  /// Weight of the batches added since the last step.
  double added_weight_ = 0;
};

}  // namespace transfer
