#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/enum_names.h"

namespace transfer {

/// `--launcher`: where jobs run.
enum class LauncherKind { kLocal, kSlurm };
template <>
inline constexpr std::array<std::string_view, 2> kNames<LauncherKind> = {"local", "slurm"};

/// `transfer batch`
struct BatchOptions {
  /// The batch file.
  std::string file;
  /// The folder of the run directories.
  std::string out;
  /// Jobs at a time; 0 is one per GPU, or one where there is none.
  std::int64_t jobs = 0;
  /// Threads that the jobs running at the same time share; 0 is all cores.
  std::int64_t threads = 0;
  /// For jobs whose settings name no device; empty shares the GPUs out.
  std::string device;
  std::int64_t retries = 1;
  bool fail_fast = false;
  LauncherKind launcher = LauncherKind::kLocal;
  /// Print what would be submitted to Slurm and stop.
  bool dry_run = false;
  /// Submit the jobs to Slurm and exit.
  bool no_wait = false;
  /// The number of the one job to run here, from 1 on.
  std::optional<std::int64_t> job;
  /// The folder of a batch whose state is to be told, and nothing else done.
  std::string status;
  bool json = false;
};

}  // namespace transfer
