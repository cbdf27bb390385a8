#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/compute/process_group.h"
#include "configs/config.h"

namespace transfer {

/// `transfer train`: what is trained comes from the configuration.
struct TrainOptions {
  ConfigSources sources;
  /// A run directory to resume; empty starts a new run.
  std::string resume;
  /// Epoch after which training pauses with a checkpoint (Paused is thrown); 0 trains to the end.
  std::int64_t pause_after = 0;
  /// Show the resolved configuration and stop.
  bool print_config = false;
  /// Check everything, say what would be done, and write nothing.
  bool dry_run = false;
  /// Print summary.json instead of the text for people.
  bool json = false;
};

/// Trains, together with the other processes of the group, and prints the results. Returns 0;
/// throws Error.
int run_train(const TrainOptions& options, const std::shared_ptr<ProcessGroup>& group);

}  // namespace transfer
