#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "configs/config.h"

namespace transfer {

/// `transfer train`: what is trained comes from the configuration.
struct TrainOptions {
  ConfigSources sources;
  /// A run directory to go on with; empty starts a new run.
  std::string resume;
  /// Epoch after which training pauses with a checkpoint (Paused is thrown); 0 goes on to its end.
  std::int64_t pause_after = 0;
  /// Show the resolved configuration and stop.
  bool print_config = false;
  /// summary.json on stdout instead of the text for people.
  bool json = false;
};

/// `transfer evaluate`
struct EvaluateOptions {
  std::string model;
  std::string data;
  /// `train`, `val`, `test`; empty takes the first of test, val, everything.
  std::string split;
  std::string device = "auto";
  std::int64_t threads = 0;
  std::int64_t top_k = 5;
  bool json = false;
};

/// `transfer predict`
struct PredictOptions {
  std::string model;
  /// Files, folders, or `-` for a list of paths on stdin.
  std::vector<std::string> paths;
  /// Classes shown for an image, the likeliest first.
  std::int64_t top = 1;
  /// `text`, `csv` or `json`.
  std::string format = "text";
  std::string device = "auto";
  std::int64_t threads = 0;
};

/// `transfer inspect`
struct InspectOptions {
  std::string backbone;
  bool json = false;
};

/// `transfer lr-find`
struct LrFindOptions {
  ConfigSources sources;
  /// Files to write, without their endings `.csv` and `.png`.
  std::string file = "lr-find";
  std::int64_t steps = 100;
  bool json = false;
};

/// `transfer advise`
struct AdviseOptions {
  /// A strategy among them is passed over.
  ConfigSources sources;
  bool json = false;
};

/// `transfer preview`
struct PreviewOptions {
  ConfigSources sources;
  /// PNG to write.
  std::string file = "preview.png";
  std::int64_t images = 6;
  std::int64_t views = 5;
};

/// `transfer batch`
struct BatchOptions {
  /// The batch file.
  std::string file;
  /// The folder of the run directories.
  std::string out;
  /// Jobs at a time; 0 is one a GPU, or one where there is none.
  std::int64_t jobs = 0;
  /// Threads of all jobs that run at the same time together; 0 is all cores.
  std::int64_t threads = 0;
  /// For jobs that say nothing of it; empty shares the GPUs out.
  std::string device;
  std::int64_t retries = 1;
  bool fail_fast = false;
  /// `local` or `slurm`.
  std::string launcher = "local";
  /// Print what would be given to Slurm and stop.
  bool dry_run = false;
  /// Give the jobs to Slurm and end.
  bool no_wait = false;
  /// The number of the one job to run here, from 1 on.
  std::optional<std::int64_t> job;
  bool json = false;
};

/// `transfer cache ls` and `transfer cache prune`
struct CacheOptions {
  std::string folder = "runs/feature-store";
  bool json = false;
  /// What goes: everything, what was not used for so many days, what is beyond so many megabytes.
  bool all = false;
  std::optional<double> unused_days;
  std::optional<std::int64_t> keep_mb;
};

class ProcessGroup;

// Each runs one command: results on stdout, everything else on stderr. All return 0 when the work
// is done and throw Error otherwise.
/// Together with the other processes of the group.
int run_train(const TrainOptions& options, const std::shared_ptr<ProcessGroup>& group);
int run_evaluate(const EvaluateOptions& options);
int run_predict(const PredictOptions& options);
int run_inspect(const InspectOptions& options);
int run_preview(const PreviewOptions& options);
int run_lr_find(const LrFindOptions& options);
int run_advise(const AdviseOptions& options);
int run_batch(const BatchOptions& options);
int run_cache_ls(const CacheOptions& options);
int run_cache_prune(const CacheOptions& options);

/// Parses the command line and runs the command it names (`train` where it names none). Throws
/// Error; an unknown flag is a ConfigError with the nearest one, and so is a command that several
/// processes cannot do together.
int run_command_line(int argc, const char* const* argv, const std::shared_ptr<ProcessGroup>& group);

}  // namespace transfer
