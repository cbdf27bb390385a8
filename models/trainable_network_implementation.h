#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "models/split.h"
#include "models/trainable_network.h"

namespace transfer {

struct TrainableNetwork::Implementation {
  torch::jit::Module module;
  ModelMetadata metadata;
  std::vector<std::string> stages;
  std::set<std::string> used;
  bool keeps_statistics = false;
  torch::Device device;
  std::string file;
  std::string split_stage = {};
  SplitMethods split = {};
  /// Only a replica has one.
  at::Generator generator = {};
  /// Modules besides BatchNorm's that keep running statistics, found by rehearse(). Replicas share
  /// them.
  std::shared_ptr<std::set<std::string>> other_norms = std::make_shared<std::set<std::string>>();

  /// Whether the module at `path` keeps running statistics.
  bool is_norm(const std::string& path, const torch::jit::Module& layer) const;
};

}  // namespace transfer
