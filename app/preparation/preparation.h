#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "app/compute/process_group.h"
#include "app/report/run_directory.h"
#include "app/report/summary.h"
#include "app/training/head_fit.h"
#include "configs/config.h"
#include "datasets/dataset.h"
#include "models/backbone.h"
#include "models/trainable_network.h"

namespace transfer {

/// Everything that must be sound before the run directory is made.
struct Preparation {
  Config config;
  torch::Device device = torch::kCPU;
  std::int64_t threads = 1;
  Backbone backbone;
  Dataset dataset;
  /// Those who do the run together.
  std::shared_ptr<ProcessGroup> group = single_process();
  /// Epoch after which fine-tuning pauses with a checkpoint; 0 goes on to its end.
  std::int64_t pause_after = 0;
};

/// Names on stderr the settings that have no effect with the configuration's strategy or loss.
void warn_of_unused_settings(const Config& config);

/// Throws ConfigError for more frozen stages (`train.freeze_stages`) than the backbone has.
void check_frozen_stages(const Config& config, const Backbone& backbone);

/// Chooses the device, loads the backbone and reads the data, and says on stderr what was found.
/// Throws Error. The processes of a group share the features that they compute (`cache.share`),
/// the cores and the GPUs of their machine.
Preparation prepare(const Config& config, std::shared_ptr<ProcessGroup> group = single_process());

/// How the network to be trained starts, as the configuration says.
TrainableOptions trainable_options(const Preparation& preparation);

/// `cache.dir`, or `feature-store` beside the run directory.
std::filesystem::path feature_store_folder(const Config& config, const RunDirectory& run);

/// A summary with what is known before training.
Summary begin_summary(const Preparation& preparation, const RunDirectory& run);

/// Adds a line of metrics.jsonl.
void write_epoch(const RunDirectory& run, const EpochReport& report);

}  // namespace transfer
