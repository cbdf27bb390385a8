#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/compute/precision.h"
#include "app/training/gradient_scaler.h"
#include "app/training/loss.h"
#include "app/training/parameter_groups.h"
#include "app/training/replicas.h"
#include "app/training/trained_part.h"
#include "datasets/loader.h"
#include "models/trainable_network.h"

namespace torch::optim {
class Optimizer;
}

namespace transfer {

/// What a batch adds to the loss, in the targets' units: the mean over batches is Σ sum / Σ weight.
struct BatchLoss {
  double sum = 0;
  double weight = 0;
};

/// Forward, backward and the optimizer's step for a network whose layers train, over one batch or
/// several whose gradients are added up.
///
///     step.add(batch, seed);  // once, or `train.accumulate` times
///     step.finish(rate);
class TrainingStep {
 public:
  /// Shares the network, of which `part` runs. Throws ConfigError for an optimizer that cannot
  /// train it and DeviceError for a precision that the device lacks.
  TrainingStep(TrainableNetwork& network, const Config& config, std::int64_t classes, Loss loss,
               torch::Device device, TrainedPart part = {});
  ~TrainingStep();

  /// Shares every batch out among `count` copies of the network (see Replicas), on the CPU. Throws
  /// ModelError where it cannot be copied.
  void use_replicas(std::int64_t count);

  /// The network for training from now on: the head, and the stages from `first` on.
  void train_from(std::int64_t first);

  /// Adds the gradients of a batch; rows without a label do not count. `seed` decides what Dropout
  /// drops and how pictures are mixed. The sum is not finite where the loss is not; the gradients
  /// are of no use then.
  BatchLoss add(const Batch& batch, std::uint64_t seed);

  /// Divides the gradients by the weight of what was added, shortens them to `train.clip_norm`, and
  /// steps at `rate`. Gradients that are not finite skip the step. Clears them.
  void finish(double rate);

  /// Forgets what was added.
  void discard();

  /// All trainable parameters, for the average of weights.
  std::vector<torch::Tensor> parameters() const;
  const Loss& loss() const { return loss_; }
  torch::optim::Optimizer& optimizer() { return *optimizer_; }
  GradientScaler& scaler() { return scaler_; }

 private:
  /// Runs forward and backward; returns the loss in the targets' units.
  double add_gradients(const TrainableNetwork& network, const torch::Tensor& input,
                       const Truth& truth) const;

  TrainableNetwork& network_;
  const Config& config_;
  std::int64_t classes_;
  Loss loss_;
  torch::Device device_;
  TrainedPart part_;
  Precision precision_;
  std::vector<ParameterGroup> groups_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  GradientScaler scaler_;
  std::unique_ptr<Replicas> replicas_;
  /// Names of the parameters that train now.
  std::vector<std::string> trainable_;
  /// Weight of the batches added since the last step.
  double added_weight_ = 0;
};

}  // namespace transfer
