#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/advice/stage_probes.h"
#include "app/training/gradient_buckets.h"
#include "app/training/metrics.h"

namespace transfer {

/// Everything a script would want to know of a finished run; written as summary.json.
struct Summary {
  std::string strategy;
  std::string backbone;
  std::string device;
  std::int64_t threads = 0;
  std::int64_t seed = 0;
  Objective objective;
  std::vector<std::string> classes;
  /// Stage whose output the head sees; empty for the classifier's input.
  std::string cut;
  /// Where the cut was chosen by probing: every stage probed.
  std::vector<StageProbe> probes;
  /// The last of the frozen stages that ran apart from the layers that train, and the type of
  /// number in which its output was kept; empty where there was none.
  std::string frozen_up_to;
  std::string activations;
  /// Copies of the network that trained side by side.
  std::int64_t replicas = 1;
  /// Processes that did the run together, and what training took each of them (the first's
  /// figures): forward, backward and steps, and the exchange of gradients among it.
  std::int64_t processes = 1;
  double seconds_in_steps = 0;
  ReductionCost reduction;
  std::int64_t train_images = 0;
  std::int64_t best_epoch = 0;
  std::int64_t epochs = 0;
  double weight_decay = 0;
  /// Whether cross-validation chose it.
  bool weight_decay_is_chosen = false;
  Metrics val;
  std::optional<Metrics> test;
  /// "PATH: reason" of every image left out.
  std::vector<std::string> broken;
  std::int64_t skipped_files = 0;
  double seconds_total = 0;
  double seconds_extract = 0;
  double seconds_train = 0;
  double peak_memory_mb = 0;
  /// The text of advice.json where the strategy was chosen by measuring.
  std::string advice;
  std::string run_directory;
};

/// summary.json's text.
std::string to_json(const Summary& summary);

/// What a person reads on stdout at the end.
std::string to_text(const Summary& summary);

/// The most memory this process has held so far, in MB (ru_maxrss).
double peak_memory_mb();

}  // namespace transfer
