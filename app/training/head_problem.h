#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "app/features/feature_store.h"
#include "app/training/epoch_report.h"
#include "app/training/feature_scaling.h"
#include "app/training/loss.h"
#include "app/training/time_limit.h"
#include "configs/config.h"
#include "models/classifier.h"

namespace transfer {

/// What fitting a head to features needs. References must outlive the fit.
struct HeadProblem {
  const FeatureSet& train;
  const FeatureSet& val;
  std::int64_t classes;
  FeatureScaling scaling;
  /// The head's structure.
  HeadConfig head = {};
  /// Its scaled targets are what is fitted.
  Loss loss = {};
  /// L2 penalty on the weights of all layers: loss + weight_decay / 2 · ‖W‖²; for AdamW decoupled.
  double weight_decay = 0;
  TrainConfig options = {};
  std::uint64_t seed = 0;
  torch::Device device = torch::kCPU;
  EpochCallback on_epoch = {};
  /// Where to start, for scaled features and targets. Without layers: random_head(), but zeros for
  /// a head of one layer, whose loss is convex, so that they are as good a start as any and need no
  /// seed.
  Head initial = {};
  TimeLimit time_limit = {};
};

/// The problem with the configuration's structure, loss and seed, and the scaling that the training
/// features ask for, which are blocks of `widths` features each (see measure_block_scaling());
/// weight decay and options are left to the caller. The sets must outlive it.
HeadProblem head_problem(const Config& config, std::int64_t classes, torch::Device device,
                         const FeatureSet& train, const FeatureSet& val,
                         const std::vector<std::int64_t>& widths);
/// The same for features that are one block.
HeadProblem head_problem(const Config& config, std::int64_t classes, torch::Device device,
                         const FeatureSet& train, const FeatureSet& val);

}  // namespace transfer
