#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>

#include "app/compute/process_group.h"
#include "configs/config.h"
#include "datasets/dataset.h"
#include "models/backbone.h"
#include "models/trainable_network.h"

namespace transfer {

class Teacher;

/// Everything that must be sound before the run directory is made.
struct Preparation {
  Config config;
  torch::Device device = torch::kCPU;
  /// Threads of this process.
  std::int64_t threads = 1;
  Backbone backbone;
  Dataset dataset;
  /// The processes that do the run together.
  std::shared_ptr<ProcessGroup> group = single_process();
  /// Whom the network learns from (train.teacher); nullptr for none.
  std::shared_ptr<const Teacher> teacher = nullptr;

  std::int64_t classes() const { return static_cast<std::int64_t>(dataset.classes.size()); }
  Objective objective() const { return objective_of(config); }
  const Preprocessing& preprocessing() const { return backbone.metadata().preprocessing; }
};

/// Chooses the device, loads the backbone and reads the data, with a message on what was found.
/// The processes of a group share the features that they compute (`cache.share`), the cores and
/// the GPUs of their machine. Throws Error.
Preparation prepare(const Config& config, std::shared_ptr<ProcessGroup> group = single_process());

/// Warns of the settings that have no effect with the configuration's strategy or loss.
void warn_of_unused_settings(const Config& config);

// What prepare() checks, for those who check runs before one of them starts.

/// Throws ConfigError for settings that no data and no network can make work.
void check_settings(const Config& config);

/// Throws DataError where the validation images cannot tell what `train.monitor` asks for.
void check_targets(const Config& config, const Dataset& dataset);

/// Throws ConfigError for settings that the network or the number of images forbids.
void check_network(const Config& config, const Backbone& backbone, const Dataset& dataset);

/// Throws ConfigError where layers train and `train.optimizer` is lbfgs, which only fits heads.
void check_optimizer(const Config& config);

/// Throws ConfigError for more frozen stages (`train.freeze_stages`) than the backbone has.
void check_frozen_stages(const Config& config, const Backbone& backbone);

/// Throws ConfigError where batches of one image would train BatchNorm, which has no variance over
/// one value. `images`: the number of training images.
void check_batches_of_one(const Config& config, const Backbone& backbone, std::int64_t images);

/// How the network to be trained starts, as the configuration says.
TrainableOptions trainable_options(const Config& config, std::int64_t classes);

}  // namespace transfer
